/** OpenTelemetry spans and metrics, made from the diagnostics channels. Optional peer: `@opentelemetry/api`. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, tracingChannel, unsubscribe, type ChannelListener } from 'node:diagnostics_channel';
import {
  SpanStatusCode,
  context,
  metrics,
  trace,
  type MeterProvider,
  type Span,
  type TracerProvider,
} from '@opentelemetry/api';
import {
  TRACED,
  type BackgroundEvent,
  type RecoveryEvent,
  type RetryEvent,
  type TraceEvent,
} from '../diagnostics/channels.js';
import { VERSION } from '../version.js';

/** Where spans and metrics go. Default: the providers registered globally. */
export interface InstrumentationOptions {
  /** Makes the spans. */
  tracerProvider?: TracerProvider;
  /** Makes the metrics. */
  meterProvider?: MeterProvider;
}

const SCOPE = 'msal-mi-core';

/**
 * Starts making spans (`msal-mi-core <work>`, one per step) and metrics:
 *
 * - `msal_mi.operation.duration` (histogram, ms; `msal_mi.work`, `msal_mi.source` cache or network, `error.type`)
 * - `msal_mi.certificate.age` (histogram, s)
 * - `msal_mi.retries` (`msal_mi.stage`), `msal_mi.recoveries` (`msal_mi.reason`), `msal_mi.background` (`msal_mi.work`,
 *   `error.type`) (counters)
 *
 * Attributes carry names, codes and the correlation id; never a token, a certificate or claims.
 *
 * @param options - The providers. Default: those registered globally.
 * @returns A function that stops it.
 *
 * @example
 * ```ts
 * import { instrument } from 'msal-mi-core/otel';
 *
 * const stop = instrument();
 * ```
 */
export function instrument(options: InstrumentationOptions = {}): () => void {
  const tracer = (options.tracerProvider ?? trace.getTracerProvider()).getTracer(SCOPE, VERSION);
  const meter = (options.meterProvider ?? metrics.getMeterProvider()).getMeter(SCOPE, VERSION);
  const durations = meter.createHistogram('msal_mi.operation.duration', { unit: 'ms' });
  const ages = meter.createHistogram('msal_mi.certificate.age', { unit: 's' });
  const counters = {
    retry: meter.createCounter('msal_mi.retries'),
    recovery: meter.createCounter('msal_mi.recoveries'),
    background: meter.createCounter('msal_mi.background'),
  };
  // The parent of a step is the span of the call that caused it, also across the awaits between them.
  const parents = new AsyncLocalStorage<Span>();
  const spans = new WeakMap<TraceEvent, Span>();

  const open = (event: TraceEvent): Span => {
    const parent = parents.getStore();
    const active = parent === undefined ? context.active() : trace.setSpan(context.active(), parent);
    const span = tracer.startSpan(`${SCOPE} ${event.work}`, {}, active);
    span.setAttribute('msal_mi.correlation_id', event.correlationId);
    spans.set(event, span);
    return span;
  };
  const close = (event: TraceEvent) => {
    const attributes = {
      'msal_mi.work': event.work,
      ...(event.fromCache !== undefined && { 'msal_mi.source': event.fromCache ? 'cache' : 'network' }),
      ...(event.errorCode !== undefined && { 'error.type': event.errorCode }),
    };
    durations.record(event.durationMs ?? 0, attributes);
    if (event.certificateAgeMs !== undefined) ages.record(event.certificateAgeMs / 1_000);
    const span = spans.get(event);
    span?.setAttributes(attributes);
    if (event.errorCode !== undefined) span?.setStatus({ code: SpanStatusCode.ERROR, message: event.errorCode });
    span?.end();
  };
  const stops = TRACED.map((work) => {
    const channel = tracingChannel<unknown, TraceEvent>(`msal-mi-core:${work}`);
    const listeners = { asyncEnd: close };
    channel.start.bindStore(parents, open);
    channel.subscribe(listeners as Parameters<typeof channel.subscribe>[0]);
    return () => {
      channel.start.unbindStore(parents);
      channel.unsubscribe(listeners as Parameters<typeof channel.unsubscribe>[0]);
    };
  });
  const count = (name: keyof typeof counters, attributes: (event: unknown) => Record<string, string>) => {
    const listener: ChannelListener = (event) => counters[name].add(1, attributes(event));
    subscribe(`msal-mi-core:${name}`, listener);
    stops.push(() => void unsubscribe(`msal-mi-core:${name}`, listener));
  };
  count('retry', (event) => ({ 'msal_mi.stage': (event as RetryEvent).stage }));
  count('recovery', (event) => ({ 'msal_mi.reason': (event as RecoveryEvent).reason }));
  count('background', (event) => {
    const { work, errorCode } = event as BackgroundEvent;
    return { 'msal_mi.work': work, ...(errorCode !== undefined && { 'error.type': errorCode }) };
  });
  return () => {
    for (const stop of stops) stop();
  };
}
