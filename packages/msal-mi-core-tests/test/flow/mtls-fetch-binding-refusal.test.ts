/** A resource that answers 401 because of the certificate of a token (D30). */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { boundFetch } from '../support/bound-fetch.js';
import { requestsOf } from '../support/journal.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World } from '../support/world.js';

const world = await untilTheEnd(World.start());
const lines: string[] = [];
const events: unknown[] = [];
const onEvent = (event: unknown): void => void events.push(event);
beforeAll(() => {
  subscribe('msal-mi-core:resource-refusal', onEvent);
});
beforeEach(() => {
  world.renew();
  lines.length = 0;
  events.length = 0;
});
afterAll(async () => {
  unsubscribe('msal-mi-core:resource-refusal', onEvent);
  await world.close();
});

const vaultSays = (message: string) => ({ status: 401, body: { error: { code: 'Unauthorized', message } } });
const MISMATCH = vaultSays('[MtlsCnfClaimRequestDataValidationFailed] The certificate does not match.');
const MISSING = {
  status: 401,
  body: { error: { code: 'InvalidAuthenticationToken', message: 'MtlsMissingClientCertificate' } },
};
const AS_BEARER = vaultSays('A token with a cnf claim cannot be used with the Bearer scheme.');
const OTHER = vaultSays('The token has expired.');

const call = (path: string, init?: RequestInit) => {
  const system = { loggerOptions: { loggerCallback: (_level: unknown, line: string) => void lines.push(line) } };
  return boundFetch(world.application({ system }), world.emulator.resources.handshake)(
    world.emulator.resources.handshake + path,
    init,
  );
};
const callsOfResource = () => requestsOf(world.emulator, 'resource');
const warnings = () => lines.filter((line) => line.includes('resource_refused_binding'));

describe('that it cannot match the certificate with the token', () => {
  test.each(['GET', 'PUT', 'DELETE'])('rule D30: %s is repeated with growing pauses until it can', async (method) => {
    world.emulator.fault('resource', [MISMATCH, MISMATCH]);
    const response = await call('/secret', { method, ...(method === 'PUT' && { body: 'x' }) });
    expect(response.status).toBe(200);
    expect(callsOfResource()).toHaveLength(3);
    expect(world.clock.slept).toEqual([800, 1_600]);
    expect(world.requests()).toMatchObject({ issuecredential: 1, token: 1 });
    expect([...events, ...warnings()]).toEqual([]);
  });

  test('rule D30: after three repetitions the answer is given to the caller, with its body, and reported', async () => {
    world.emulator.fault(
      'resource',
      Array.from({ length: 5 }, () => MISMATCH),
    );
    const response = await call('/secret');
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual(MISMATCH.body);
    expect(callsOfResource()).toHaveLength(4);
    expect(world.clock.slept).toEqual([800, 1_600, 3_200]);
    expect(events).toEqual([
      {
        version: 1,
        code: 'resource_refused_binding',
        reason: 'mismatch',
        host: new URL(world.emulator.resources.handshake).host,
        message: expect.stringContaining('MtlsCnfClaimRequestDataValidationFailed') as string,
        thumbprint: callsOfResource()[0]?.clientCertificateS256,
      },
    ]);
    expect(warnings()).toHaveLength(1);
  });

  test.each([
    ['POST', { method: 'POST', body: 'x' }],
    ['a stream', { method: 'PUT', body: new Blob(['x']).stream(), duplex: 'half' }],
  ] as const)('rule D30: %s is not repeated', async (_what, init) => {
    world.emulator.fault('resource', [MISMATCH]);
    expect((await call('/secret', init)).status).toBe(401);
    expect(callsOfResource()).toHaveLength(1);
    expect(events).toHaveLength(1);
  });

  test('the signal ends a pause with its reason', async () => {
    world.emulator.fault('resource', [MISMATCH]);
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    const { clock } = world;
    const sleep = clock.sleep;
    clock.sleep = (durationMs, signal) => {
      if (durationMs === 800) controller.abort(reason);
      return sleep(durationMs, signal);
    };
    await expect(call('/secret', { signal: controller.signal })).rejects.toBe(reason);
  });
});

test.each([
  ['that no certificate came', MISSING, 'missing'],
  ['that a bound token came as a bearer token', AS_BEARER, 'bearer'],
])('%s: rule D30: the answer is given to the caller at once, and reported', async (_what, refusal, reason) => {
  world.emulator.fault('resource', [refusal]);
  const response = await call('/secret');
  expect(await response.json()).toEqual(refusal.body);
  expect(callsOfResource()).toHaveLength(1);
  expect(events).toMatchObject([{ reason }]);
  expect(warnings()).toHaveLength(1);
});

test('anything else is the caller’s and nobody else’s', async () => {
  world.emulator.fault('resource', [OTHER]);
  expect(await (await call('/secret')).json()).toEqual(OTHER.body);
  expect([...events, ...warnings()]).toEqual([]);
});
