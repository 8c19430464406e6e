import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { instrument } from 'core/otel/index.js';
import { boundClient, countedAssertion, GRAPH_SCOPES } from '../support/fic.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World, softwareRequest } from '../support/world.js';

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
const meterProvider = new MeterProvider({ readers: [reader] });

const world = await untilTheEnd(World.start());
let stop: () => void;
beforeEach(() => {
  world.renew();
  exporter.reset();
  stop = instrument({ tracerProvider, meterProvider });
});
afterEach(() => stop());
afterAll(async () => {
  await meterProvider.shutdown();
});

const spans = () => exporter.getFinishedSpans();
const named = (work: string): ReadableSpan | undefined => spans().find(({ name }) => name === `msal-mi-core ${work}`);

test('each step of a cold call becomes a span below the span of the call', async () => {
  await world.application().acquireToken(softwareRequest({ correlationId: 'call-1' }));

  const root = named('acquireToken')!;
  expect(root.attributes).toMatchObject({ 'msal_mi.source': 'network', 'msal_mi.correlation_id': 'call-1' });
  for (const work of ['key', 'metadata', 'csr', 'attestation', 'issuecredential', 'bind', 'token']) {
    expect(named(work)?.parentSpanContext?.spanId).toBe(root.spanContext().spanId);
  }
});

test('a failure is a span with its error code, and nothing of the token is exported', async () => {
  const app = world.application();
  const { accessToken } = await app.acquireToken(softwareRequest());
  world.emulator.fault('token', [{ mutate: 'bearer-token-type' }]);
  await expect(app.acquireToken(softwareRequest({ forceRefresh: true }))).rejects.toThrow('token_type_mismatch');

  expect(spans().filter(({ attributes }) => attributes['error.type'] === 'token_type_mismatch')).toHaveLength(2);
  const exported = JSON.stringify(
    spans().map(({ name, attributes, status, events }) => ({ name, attributes, status, events })),
  );
  expect(exported).not.toContain(accessToken.slice(0, 40));
});

test('each request to a resource becomes a span, one without an answer with the code of its cause', async () => {
  const { binding } = await world.application().acquireToken(softwareRequest());
  const { handshake } = world.emulator.resources;
  await binding.fetch(handshake, { headers: { 'x-ms-client-request-id': 'call-1' } });
  await expect(binding.fetch('https://localhost:1')).rejects.toThrow('fetch failed');

  const requests = spans().filter(({ name }) => name === 'msal-mi-core resource');
  expect(requests.map(({ attributes }) => attributes)).toEqual([
    { 'msal_mi.work': 'resource', 'msal_mi.correlation_id': 'call-1' },
    { 'msal_mi.work': 'resource', 'msal_mi.correlation_id': '', 'error.type': 'ECONNREFUSED' },
  ]);
});

test('O06: calls, retries and recoveries are counted', async () => {
  const app = world.application();
  world.emulator.fault('getplatformmetadata', [{ status: 500 }]);
  world.emulator.fault('token', [{ oauthError: { error: 'invalid_client', error_description: 'AADSTS7000218: no' } }]);
  await app.acquireToken(softwareRequest());
  await reader.forceFlush();

  const metrics = metricExporter.getMetrics().at(-1)!.scopeMetrics[0]!.metrics;
  const names = metrics.map(({ descriptor }) => descriptor.name);
  expect(names).toEqual(
    expect.arrayContaining([
      'msal_mi.operation.duration',
      'msal_mi.certificate.age',
      'msal_mi.retries',
      'msal_mi.recoveries',
    ]),
  );
});

const metrics = async () => {
  await reader.forceFlush();
  return metricExporter.getMetrics().at(-1)!.scopeMetrics[0]!.metrics;
};

test('the time until certificate and token end is a gauge for each kind of identity, without ids', async () => {
  const [identity] = world.emulator.identities;
  const managedIdentityIdParams = { userAssignedClientId: identity?.clientId ?? '' };
  const remaining = async () => {
    const found = (await metrics()).filter(({ descriptor }) => descriptor.name.endsWith('.remaining'));
    return Object.fromEntries(
      found.map(({ descriptor: { name }, dataPoints }) => [
        name.replace('msal_mi.', ''),
        Object.fromEntries(
          dataPoints.map(({ attributes, value }) => [Object.values(attributes).join(), Math.ceil(Number(value))]),
        ),
      ]),
    );
  };
  await world.application().acquireToken(softwareRequest());
  world.emulator.fault('issuecredential', [
    { certificate: { lifetimeSeconds: 604_800, tokenNotAfterSeconds: 432_000 } },
  ]);
  await world.application({ managedIdentityIdParams }).acquireToken(softwareRequest());
  expect(await remaining()).toEqual({
    'certificate.remaining': { 'system-assigned': 604_800, 'user-assigned': 432_000 },
    'token.remaining': { 'system-assigned': 86_400, 'user-assigned': 86_400 },
  });

  world.clock.advance(3_600_000);
  await world.application().acquireToken(softwareRequest());
  const client = boundClient(world, { auth: { clientAssertion: countedAssertion(world.application()).callback } });
  await client.acquireTokenByClientCredential({ scopes: GRAPH_SCOPES, mtlsProofOfPossession: true });
  expect(await remaining()).toEqual({
    'certificate.remaining': { 'system-assigned': 601_200, 'user-assigned': 432_000, federated: 601_200 },
    'token.remaining': { 'system-assigned': 86_400, 'user-assigned': 86_400, federated: 86_400 },
  });
  const exported = JSON.stringify(await metrics());
  const { tenantId, systemAssigned } = world.emulator;
  for (const id of [tenantId, systemAssigned.clientId, identity?.clientId]) expect(exported).not.toContain(id);
});

test('every instrument has a unit and a description, and histograms have buckets that fit', async () => {
  const app = world.application();
  world.emulator.fault('getplatformmetadata', [{ status: 500 }]);
  world.emulator.fault('token', [{ refusal: 'AADSTS1000901' }]);
  await app.acquireToken(softwareRequest());
  const all = await metrics();

  expect(all.every(({ descriptor: { unit, description } }) => unit !== '' && description !== '')).toBe(true);
  const last = (name: string) => {
    const points = all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    return (points[0]?.value as { buckets: { boundaries: number[] } }).buckets.boundaries.at(-1);
  };
  expect(last('msal_mi.certificate.age')).toBe(7 * 86_400);
  expect(last('msal_mi.operation.duration')).toBe(60_000);
});

test('after stopping, nothing is exported', async () => {
  stop();
  await world.application().acquireToken(softwareRequest());
  expect(spans()).toHaveLength(0);
});
