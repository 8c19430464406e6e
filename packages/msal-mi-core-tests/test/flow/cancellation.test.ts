/** Aborts and deadlines reach every leg, at once and unwrapped (D10). */
import type { FaultLeg } from 'msal-mi-emulator';
import { TransportError } from 'core/ports.js';
import { requestMetadata } from 'core/imds/metadata.js';
import { nextEvent } from '../support/diagnostics.js';
import { legs } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { World, softwareRequest } from '../support/world.js';
import { testCall } from '../support/call.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const NEVER_MS = 600_000;
const begun = (work: string) => nextEvent(`tracing:msal-mi-core:${work}:start`);

/** Aborts a call while `leg` does not answer; says what it rejected with, and that the next call is none the worse. */
async function abortDuring(leg: FaultLeg, stage: string): Promise<void> {
  const reason = new Error('the caller left');
  const controller = new AbortController();
  const application = world.application();
  world.emulator.fault(leg, [{ delayMs: NEVER_MS }]);
  const waiting = begun(stage);
  const call = application.acquireToken(softwareRequest({ signal: controller.signal }));
  await waiting;
  setImmediate(() => controller.abort(reason));

  await expect(call).rejects.toBe(reason);
  world.emulator.reset();
  await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
}

test('C16: an abort during metadata rejects with its own reason', () => abortDuring('getplatformmetadata', 'metadata'));
test('G15: an abort during the certificate request does too', () => abortDuring('issuecredential', 'issuecredential'));
test('an abort during the token request does too', () => abortDuring('token', 'token'));

test('J49: a signal that was aborted before the call lets nothing be sent', async () => {
  const reason = new Error('the caller left');
  const call = world.application().acquireToken(softwareRequest({ signal: AbortSignal.abort(reason) }));

  await expect(call).rejects.toBe(reason);
  expect(legs(world.emulator)).toEqual([]);
});

test('J49: an aborted signal counts for a cached token too', async () => {
  const application = world.application();
  await application.acquireToken(softwareRequest());
  const reason = new Error('the caller left');

  await expect(application.acquireToken(softwareRequest({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
});

test('one of several callers who leaves is the only one who gets nothing', async () => {
  const application = world.application();
  const reason = new Error('the caller left');
  const controller = new AbortController();
  const leaving = application.acquireToken(softwareRequest({ signal: controller.signal }));
  const staying = [1, 2].map(() => application.acquireToken(softwareRequest()));
  await begun('metadata');
  controller.abort(reason);

  await expect(leaving).rejects.toBe(reason);
  for (const call of staying) await expect(call).resolves.toMatchObject({ tokenType: 'mtls_pop' });
  expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token']);
});

test('a deadline ends the call wherever it is, and the next call succeeds', async () => {
  const legsInTurn = [
    ['getplatformmetadata', 'metadata'],
    ['issuecredential', 'issuecredential'],
    ['token', 'token'],
  ] as const;
  for (const [leg, stage] of legsInTurn) {
    world.renew();
    const application = world.application({ system: { timeout: 30_000 } });
    world.emulator.fault(leg, [{ delayMs: NEVER_MS }]);
    const waiting = begun(stage);
    const call = rejection(application.acquireToken(softwareRequest()));
    await waiting;
    world.clock.advance(30_000);

    const { imdsUrl, tokenUrl } = world.emulator;
    const error = await call;
    expect(error).toMatchObject({ errorCode: 'request_timeout', stage, retryable: true });
    expect(error.errorMessage).toContain(`while ${stage === 'token' ? tokenUrl : imdsUrl} had not answered`); // D29
    world.emulator.reset();
    await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
  }
});

test('a deadline that ends a pause between attempts names the host that had failed, and how', async () => {
  world.emulator.outage('token', { status: 503 });
  const failing = nextEvent('msal-mi-core:retry');
  const call = rejection(world.application({ system: { timeout: 30_000 } }).acquireToken(softwareRequest()));
  await failing;
  world.clock.advance(30_000);

  expect(await call).toMatchObject({
    errorCode: 'request_timeout',
    stage: 'token',
    errorMessage: expect.stringContaining(`before ${world.emulator.tokenUrl}, which had failed (HTTP 503)`) as string,
  });
});

test('C17: a metadata attempt that times out is tried again like a server error', async () => {
  const clock = new VirtualClock();
  let attempts = 0;
  const http = {
    send: () => {
      attempts += 1;
      return Promise.reject(new TransportError('timeout', 'ETIMEDOUT', 'late'));
    },
  };
  const identity = { kind: 'system', id: '' } as const;
  const endpoint = { base: 'http://imds', identity, http };
  const call = requestMetadata(endpoint, { attested: false }, testCall({ clock }));

  expect(await rejection(call)).toMatchObject({
    errorCode: 'managed_identity_request_failed',
    stage: 'metadata',
    retryable: true,
  });
  expect([attempts, clock.slept]).toEqual([4, [1_000, 2_000, 4_000]]);
});
