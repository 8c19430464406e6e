/** What every leg does with every kind of failure: table first, machinery below. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Fault, FaultLeg } from 'msal-mi-emulator';
import type { RetryEvent } from 'core/diagnostics/channels.js';
import type { MtlsPopAuthenticationResult } from 'core/public-types.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { Wire } from '../support/wire.js';
import { World, softwareRequest } from '../support/world.js';

/** One answer of a server, or what its connection does instead. */
const FAULTS = {
  timeout: { delayMs: 600_000 },
  refused: 'refuse',
  'reset before the response': { reset: 'before-response' },
  'reset in mid body': { reset: 'mid-body' },
  'reset in the handshake': { reset: 'handshake' },
  'HTTP 400': { status: 400 },
  'HTTP 401': { status: 401 },
  'HTTP 403': { status: 403 },
  'HTTP 404': { status: 404 },
  'HTTP 408': { status: 408 },
  'HTTP 410': { status: 410 },
  'HTTP 429': { status: 429 },
  'HTTP 429 with Retry-After': { status: 429, headers: { 'Retry-After': '120' } },
  'HTTP 500': { status: 500 },
  'HTTP 503': { status: 503 },
  'HTTP 503 with Retry-After': { status: 503, headers: { 'Retry-After': '120' } },
  'malformed JSON': { mutate: 'malformed-json' },
  null: { body: 'null' },
  'wrong types': {
    body: {
      ...{ clientId: 1, tenantId: [], cuId: 2 },
      ...{ client_id: {}, tenant_id: 3, certificate: true, identity_type: 4, mtls_authentication_endpoint: 5 },
      ...{ token_type: ['mtls_pop'], access_token: {}, expires_in: [] },
    },
  },
  'empty body': { status: 200 },
  '2 MiB body': { body: `{"padding":"${'x'.repeat(2 * 1024 * 1024)}"}` },
  'slow body': { body: `{"padding":"${'x'.repeat(100_000)}"}` },
} as const satisfies Record<string, Fault | 'refuse'>;
type FaultName = keyof typeof FAULTS;
const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/** The error when a fault does not go away. */
interface Expected {
  readonly errorCode: string;
  readonly retryable: boolean;
  readonly httpStatus?: number;
  /** Requests of the leg. More than one: a single fault does not fail the call. */
  readonly attempts: number;
  /** The certificate is replaced, and that is what the second attempt is. */
  readonly remints?: true;
  /** Identical requests fail without being sent for this long. */
  readonly throttlesForMs?: number;
}

const IMDS_FAILED = { errorCode: 'managed_identity_request_failed', retryable: true, attempts: 4 } as const;
const IMDS_REFUSED = { errorCode: 'managed_identity_request_failed', retryable: false, attempts: 1 } as const;
const IMDS_UNUSABLE = { ...IMDS_REFUSED, httpStatus: 200 } as const;
const IMDS: Record<FaultName, Expected> = {
  timeout: IMDS_FAILED,
  refused: IMDS_FAILED,
  'reset before the response': IMDS_FAILED,
  'reset in mid body': IMDS_FAILED,
  'reset in the handshake': IMDS_FAILED,
  'HTTP 400': { ...IMDS_REFUSED, httpStatus: 400 },
  'HTTP 401': { ...IMDS_REFUSED, httpStatus: 401 },
  'HTTP 403': { ...IMDS_REFUSED, httpStatus: 403 },
  'HTTP 404': { ...IMDS_FAILED, httpStatus: 404 },
  'HTTP 408': { ...IMDS_FAILED, httpStatus: 408 },
  'HTTP 410': { ...IMDS_FAILED, httpStatus: 410, attempts: 8 },
  'HTTP 429': { ...IMDS_FAILED, httpStatus: 429 },
  'HTTP 429 with Retry-After': { ...IMDS_FAILED, httpStatus: 429 },
  'HTTP 500': { ...IMDS_FAILED, httpStatus: 500 },
  'HTTP 503': { ...IMDS_FAILED, httpStatus: 503 },
  'HTTP 503 with Retry-After': { ...IMDS_FAILED, httpStatus: 503 },
  'malformed JSON': IMDS_UNUSABLE,
  null: IMDS_UNUSABLE,
  'wrong types': IMDS_UNUSABLE,
  'empty body': IMDS_UNUSABLE,
  '2 MiB body': IMDS_REFUSED,
  'slow body': IMDS_FAILED,
};
const NO_V2: Expected = {
  errorCode: 'mtls_pop_token_not_supported_in_imds_v1',
  retryable: false,
  attempts: 4,
  httpStatus: 404,
};

const LOST = { errorCode: 'managed_identity_unreachable_network', retryable: true, attempts: 1 } as const;
const CERTIFICATE_REFUSED = { ...LOST, attempts: 2, remints: true } as const;
const TOKEN_REFUSED = { errorCode: 'token_request_failed', retryable: false, attempts: 1 } as const;
const TOKEN_UNUSABLE = { errorCode: 'invalid_token_response', retryable: false, attempts: 1 } as const;
const THROTTLED = { errorCode: 'request_throttled', retryable: true, attempts: 1, httpStatus: 429 } as const;
const UNAVAILABLE = { errorCode: 'service_not_available', retryable: true, attempts: 2 } as const;
const NO_TIME = { errorCode: 'request_timeout', retryable: true, attempts: 2 } as const;
const TOKEN: Record<FaultName, Expected> = {
  timeout: NO_TIME,
  refused: LOST,
  'reset before the response': CERTIFICATE_REFUSED,
  'reset in mid body': LOST,
  'reset in the handshake': CERTIFICATE_REFUSED,
  'HTTP 400': { ...TOKEN_REFUSED, httpStatus: 400 },
  'HTTP 401': { ...TOKEN_REFUSED, httpStatus: 401 },
  'HTTP 403': { ...TOKEN_REFUSED, httpStatus: 403 },
  'HTTP 404': { ...TOKEN_REFUSED, httpStatus: 404 },
  'HTTP 408': { ...TOKEN_REFUSED, httpStatus: 408, retryable: true },
  'HTTP 410': { ...TOKEN_REFUSED, httpStatus: 410 },
  'HTTP 429': { ...THROTTLED, throttlesForMs: 60_000 },
  'HTTP 429 with Retry-After': { ...THROTTLED, throttlesForMs: 120_000 },
  'HTTP 500': { ...UNAVAILABLE, httpStatus: 500 },
  'HTTP 503': { ...UNAVAILABLE, httpStatus: 503 },
  'HTTP 503 with Retry-After': { ...UNAVAILABLE, httpStatus: 503, attempts: 1, throttlesForMs: 120_000 },
  'malformed JSON': { ...TOKEN_UNUSABLE, httpStatus: 200 },
  null: { ...TOKEN_UNUSABLE, httpStatus: 200 },
  'wrong types': { ...TOKEN_UNUSABLE, httpStatus: 200, errorCode: 'token_type_missing' },
  'empty body': { ...TOKEN_UNUSABLE, httpStatus: 200 },
  '2 MiB body': TOKEN_UNUSABLE,
  'slow body': NO_TIME,
};

const LEGS = {
  metadata: { ...IMDS, 'HTTP 404': NO_V2 },
  issuecredential: IMDS,
  token: TOKEN,
} satisfies Record<string, Record<FaultName, Expected>>;
type Leg = keyof typeof LEGS;
const FAULT_LEG = {
  metadata: 'getplatformmetadata',
  issuecredential: 'issuecredential',
  token: 'token',
  resource: 'resource',
} as const satisfies Record<Leg | 'resource', FaultLeg>;
const STAGE = { metadata: 'metadata', issuecredential: 'issuecredential', token: 'token' } as const;

/** `binding.fetch` hands every answer on; only what is not an answer is an error, with `cause.code`, or the caller's own reason. */
const RESOURCE: Record<FaultName, { status: number } | { causeCode: string } | 'aborted'> = {
  timeout: 'aborted',
  refused: { causeCode: 'ECONNREFUSED' },
  'reset before the response': { causeCode: 'ECONNRESET' },
  'reset in mid body': { causeCode: 'ECONNRESET' },
  'reset in the handshake': { causeCode: 'ECONNRESET' },
  'HTTP 400': { status: 400 },
  'HTTP 401': { status: 401 },
  'HTTP 403': { status: 403 },
  'HTTP 404': { status: 404 },
  'HTTP 408': { status: 408 },
  'HTTP 410': { status: 410 },
  'HTTP 429': { status: 429 },
  'HTTP 429 with Retry-After': { status: 429 },
  'HTTP 500': { status: 500 },
  'HTTP 503': { status: 503 },
  'HTTP 503 with Retry-After': { status: 503 },
  'malformed JSON': { status: 200 },
  null: { status: 200 },
  'wrong types': { status: 200 },
  'empty body': { status: 200 },
  '2 MiB body': { status: 200 },
  'slow body': 'aborted',
};

const GRAPH = 'https://graph.microsoft.com';
const DEADLINE_MS = 600_000;
const LONGER_THAN_ANY_ATTEMPT_MS = 30_000;
const ALWAYS = 12;
/** More than a handshake and the headers of an answer, less than the slow body. */
const STALL_AFTER_BYTES = 32_000;

const world = await untilTheEnd(World.start());
let imds: Wire;
let token: Wire;
let resource: Wire;
let retries: RetryEvent[];

beforeAll(async () => {
  const { imdsUrl, tokenUrl, resources } = world.emulator;
  [imds, token, resource] = await Promise.all([Wire.to(imdsUrl), Wire.to(tokenUrl), Wire.to(resources.handshake)]);
});
afterAll(() => Promise.all([imds, token, resource].map((wire) => wire.close())));
const onRetry = (event: unknown) => void retries.push(event as RetryEvent);
beforeEach(() => {
  world.renew();
  retries = [];
  subscribe('msal-mi-core:retry', onRetry);
});
afterEach(async () => {
  unsubscribe('msal-mi-core:retry', onRetry);
  await heal();
});

function application(system: { disableInternalRetries?: boolean } = {}) {
  const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: imds.url };
  return world.application({ system: { timeout: DEADLINE_MS, ...system } }, env);
}

/** Has a certificate whose token endpoint is behind the relay, so that only the token leg is left to be asked. */
async function withBinding(app: ReturnType<typeof application>): Promise<MtlsPopAuthenticationResult> {
  world.emulator.fault('issuecredential', [{ patch: { mtls_authentication_endpoint: token.url } }]);
  const result = await app.acquireToken(softwareRequest({ resource: GRAPH }));
  world.emulator.reset();
  return result;
}

const wireOf = (leg: Leg | 'resource') => (leg === 'token' ? token : leg === 'resource' ? resource : imds);

/** Makes the next `times` answers of a leg faulty; `onHang` is told whenever the client has nothing left but to wait. */
function inject(leg: Leg | 'resource', name: FaultName, times: number, onHang: () => void): () => void {
  const fault = FAULTS[name];
  const wire = wireOf(leg);
  if (fault === 'refuse') return refuse(leg, times);
  world.emulator.fault(FAULT_LEG[leg], Array<Fault>(times).fill(fault));
  if (name === 'slow body') {
    wire.stallAfter(STALL_AFTER_BYTES, () => {
      if (times === 1) wire.flow();
      setImmediate(onHang);
    });
  }
  if (name !== 'timeout') return () => undefined;
  let left = times;
  const arrived = (message: unknown) => {
    const { url = '' } = (message as { request: IncomingMessage }).request;
    if (leg === 'resource' || url.includes(leg === 'token' ? '/oauth2/v2.0/token' : FAULT_LEG[leg])) {
      if (left-- > 0) setImmediate(onHang);
    }
  };
  subscribe('http.server.request.start', arrived);
  return () => unsubscribe('http.server.request.start', arrived);
}

/** Refuses connections as soon as the flow has come to the leg, and until its first retry or for good. */
function refuse(leg: Leg | 'resource', times: number): () => void {
  const wire = wireOf(leg);
  const onStart = () => void wire.refuse();
  const started = `tracing:msal-mi-core:${leg}:start`;
  const onRetryOnce = () => void (times === 1 && wire.accept());
  subscribe(started, onStart);
  subscribe('msal-mi-core:retry', onRetryOnce);
  if (leg === 'resource') void wire.refuse();
  return () => {
    unsubscribe(started, onStart);
    unsubscribe('msal-mi-core:retry', onRetryOnce);
  };
}

/** The servers work again, and nothing of the fault is left. */
async function heal(): Promise<void> {
  world.emulator.reset();
  for (const wire of [imds, token, resource]) {
    wire.flow();
    await wire.accept();
  }
}

async function outcomeOf<T>(promise: Promise<T>): Promise<T | Error> {
  return promise.catch((error: unknown) => error as Error);
}

const ROWS = (Object.keys(LEGS) as Leg[]).flatMap((leg) =>
  FAULT_NAMES.map((fault) => ({ leg, fault, expected: LEGS[leg][fault] })),
);
/** A silent server journals a request only when the client has gone; by then the next one may be under way. */
const isJournaled = ({ leg, fault }: { leg: Leg; fault: FaultName }) =>
  fault !== 'refused' && fault !== 'timeout' && !(leg === 'token' && fault === 'reset in the handshake');

async function run(row: (typeof ROWS)[number], times: number, system: { disableInternalRetries?: boolean } = {}) {
  const app = application(system);
  if (row.leg === 'token') await withBinding(app);
  const stop = inject(row.leg, row.fault, times, () => world.clock.advance(LONGER_THAN_ANY_ATTEMPT_MS));
  const outcome = await outcomeOf(app.acquireToken(softwareRequest()));
  stop();
  const requests = world.requests();
  await heal();
  return { app, outcome, requests };
}

/** The end of every row: nothing is broken for good. */
async function expectNextCallToSucceed(app: ReturnType<typeof application>, { throttlesForMs }: Expected) {
  if (throttlesForMs !== undefined) {
    expect(await outcomeOf(app.acquireToken(softwareRequest()))).toMatchObject({ errorCode: 'request_throttled' });
    expect(world.requests().token).toBe(0);
    world.clock.advance(throttlesForMs);
  }
  expect(await outcomeOf(app.acquireToken(softwareRequest()))).toMatchObject({ tokenType: 'mtls_pop' });
}

test.each(ROWS)('rules D10, D11, D24: $fault that stays on $leg ends in its typed error', async (row) => {
  const { leg, expected } = row;
  const { errorCode, retryable, httpStatus, attempts, remints } = expected;
  const { app, outcome, requests } = await run(row, ALWAYS);

  expect(outcome).toMatchObject({ name: 'MsiV2Error', errorCode, retryable, stage: STAGE[leg] });
  expect((outcome as { httpStatus?: number }).httpStatus).toBe(httpStatus);
  expect(retries).toHaveLength(remints ? 0 : attempts - 1);
  if (isJournaled(row)) expect(requests[leg]).toBe(attempts);
  if (leg === 'token') expect(requests.issuecredential).toBe(remints ? 1 : 0);
  await expectNextCallToSucceed(app, expected);
});

const RETRIED = ROWS.filter(({ expected }) => expected.attempts > 1);
test.each(RETRIED)(
  'rules D10, D11, D24: $fault on $leg that goes away costs one more attempt and no error',
  async (row) => {
    const { leg, expected } = row;
    const { outcome, requests } = await run(row, 1);

    expect(outcome).toMatchObject({ tokenType: 'mtls_pop', fromCache: false });
    expect(retries).toHaveLength(expected.remints ? 0 : 1);
    if (isJournaled(row)) expect(requests[leg]).toBe(2);
  },
);

const UNRETRIED = ROWS.filter(({ expected }) => expected.remints === undefined);
test.each(UNRETRIED)('rule D11: with retries disabled $fault on $leg fails at the first attempt', async (row) => {
  const { leg, expected } = row;
  const { outcome, requests } = await run(row, ALWAYS, { disableInternalRetries: true });

  expect(outcome).toMatchObject({ name: 'MsiV2Error', errorCode: expected.errorCode, stage: STAGE[leg] });
  expect(retries).toHaveLength(0);
  if (isJournaled(row)) expect(requests[leg]).toBe(1);
});

test.each(FAULT_NAMES)('rule D30: %s at the resource reaches the caller of binding.fetch as it is', async (fault) => {
  const expected = RESOURCE[fault];
  const { binding, accessToken } = await withBinding(application());
  const abort = new AbortController();
  const reason = new Error('the caller has waited long enough');
  const call = async (signal?: AbortSignal) => {
    const headers = { authorization: `mtls_pop ${accessToken}` };
    const response = await binding.fetch(`${resource.url}/a`, { headers, ...(signal && { signal }) });
    return { status: response.status, text: await response.text(), retryAfter: response.headers.get('retry-after') };
  };
  const stop = inject('resource', fault, 1, () => abort.abort(reason));
  const outcome = await outcomeOf(call(abort.signal));
  stop();

  if (expected === 'aborted') expect(outcome).toBe(reason);
  else if ('causeCode' in expected) {
    expect(outcome).toBeInstanceOf(TypeError);
    expect(outcome).toMatchObject({ cause: { code: expected.causeCode } });
  } else {
    const sent = FAULTS[fault] as Fault;
    expect(outcome).toMatchObject({ status: expected.status, retryAfter: sent.headers?.['Retry-After'] ?? null });
    if (typeof sent.body === 'string') expect((outcome as { text: string }).text).toBe(sent.body);
  }
  await heal();
  expect(await call()).toMatchObject({ status: 200 });
});
