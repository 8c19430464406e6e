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
  type AcquiredEvent,
  type BackgroundEvent,
  type RecoveryEvent,
  type ResourceRefusalEvent,
  type RetryEvent,
  type TraceEvent,
} from '../diagnostics/channels.js';
import { invalidConfiguration, readable, readMembers } from '../options/options.js';
import { VERSION } from '../version.js';

/** Where spans and metrics go. Default: the providers registered globally. */
export interface InstrumentationOptions {
  /** Makes the spans. */
  tracerProvider?: TracerProvider;
  /** Makes the metrics. */
  meterProvider?: MeterProvider;
}

const SCOPE = 'msal-mi-core';

/** From a token that is in the cache to one that takes every retry. */
const DURATION_BUCKETS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];
/** A certificate lives for 7 days and is renewed after half of them. */
const AGE_BUCKETS_S = [1, 6, 12, 24, 48, 72, 84, 96, 120, 144, 168].map((hours) => hours * 3_600);

/**
 * Starts making spans (`msal-mi-core <work>`, one per step) and metrics:
 *
 * - `msal_mi.operation.duration` (histogram, ms; `msal_mi.work`, `msal_mi.source` cache or network, `error.type`)
 * - `msal_mi.certificate.remaining`, `msal_mi.token.remaining` (gauges, s; `msal_mi.identity.kind`): at the latest
 *   acquisition
 * - `msal_mi.certificate.age` (histogram, s)
 * - `msal_mi.retries` (`msal_mi.stage`), `msal_mi.recoveries` (`msal_mi.reason`), `msal_mi.background` (`msal_mi.work`,
 *   `error.type`), `msal_mi.resource.refusals` (`msal_mi.reason`) (counters)
 *
 * Attributes carry names, codes and the correlation id; never a token, a certificate, claims or the id of an identity.
 *
 * @param options - The providers. Default: those registered globally.
 * @returns A function that stops it.
 * @throws ManagedIdentityError `invalid_configuration` for something that is not a provider.
 *
 * @example
 * ```ts
 * import { instrument } from 'msal-mi-core/otel';
 *
 * const stop = instrument();
 * ```
 */
export function instrument(options: InstrumentationOptions = {}): () => void {
  const { tracerProvider = trace.getTracerProvider(), meterProvider = metrics.getMeterProvider() } = readMembers(
    Object(options) as object,
    ['tracerProvider', 'meterProvider'],
    invalidConfiguration,
  ) as InstrumentationOptions;
  const { tracer, meter } = readable(invalidConfiguration, () => ({
    tracer: tracerProvider.getTracer(SCOPE, VERSION),
    meter: meterProvider.getMeter(SCOPE, VERSION),
  }));
  const histogram = (name: string, unit: string, description: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(`msal_mi.${name}`, { unit, description, advice: { explicitBucketBoundaries } });
  const gauge = (name: string, description: string) => meter.createGauge(`msal_mi.${name}`, { unit: 's', description });
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(`msal_mi.${name}`, { unit: `{${unit}}`, description });
  const durations = histogram('operation.duration', 'ms', 'Duration of a call or of a step of it', DURATION_BUCKETS_MS);
  const ages = histogram('certificate.age', 's', 'Age of the certificate of a token that was returned', AGE_BUCKETS_S);
  const certificateRemaining = gauge(
    'certificate.remaining',
    'Time until the certificate of the latest token expires or stops getting tokens',
  );
  const tokenRemaining = gauge('token.remaining', 'Time until the latest token expires');
  const counters = {
    retry: counter('retries', 'retry', 'Requests of the flow that were sent again'),
    recovery: counter('recoveries', 'recovery', 'Refused certificates and assertions that were replaced'),
    background: counter('background', 'run', 'Renewals and refreshes that no caller waited for'),
    'resource-refusal': counter(
      'resource.refusals',
      'refusal',
      'Answers of resources that refuse the binding of a token',
    ),
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
  const listen = (name: string, listener: ChannelListener) => {
    subscribe(`msal-mi-core:${name}`, listener);
    stops.push(() => void unsubscribe(`msal-mi-core:${name}`, listener));
  };
  const count = (name: keyof typeof counters, attributes: (event: unknown) => Record<string, string>) =>
    listen(name, (event) => counters[name].add(1, attributes(event)));
  count('retry', (event) => ({ 'msal_mi.stage': (event as RetryEvent).stage }));
  count('recovery', (event) => ({ 'msal_mi.reason': (event as RecoveryEvent).reason }));
  count('background', (event) => {
    const { work, errorCode } = event as BackgroundEvent;
    return { 'msal_mi.work': work, ...(errorCode !== undefined && { 'error.type': errorCode }) };
  });
  count('resource-refusal', (event) => ({ 'msal_mi.reason': (event as ResourceRefusalEvent).reason }));
  listen('acquired', (event) => {
    const { identityKind, certificateRemainingMs, tokenRemainingMs } = event as AcquiredEvent;
    const attributes = { 'msal_mi.identity.kind': identityKind };
    certificateRemaining.record(certificateRemainingMs / 1_000, attributes);
    tokenRemaining.record(tokenRemainingMs / 1_000, attributes);
  });
  return () => {
    for (const stop of stops) stop();
  };
}
