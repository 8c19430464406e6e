/** Which calls a kept token serves, and when it is refreshed (D17, D20, D25, D26). */
import { nextBackgroundWork } from '../support/diagnostics.js';
import { formOf, legs, requestsOf } from '../support/journal.js';
import { jwtClaims } from '../support/jwt.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World, softwareRequest } from '../support/world.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const FORCED = softwareRequest({ forceRefresh: true });
const CLAIMS = '{"access_token":{"nbf":{"essential":true}}}';
/** The next token is to be refreshed after an hour. */
const refreshAfterAnHour = () => world.emulator.fault('token', [{ patch: { refresh_in: 3_600 } }]);
const claimsSent = () => requestsOf(world.emulator, 'token').map((entry) => formOf(entry)['claims']);

describe('served from the cache', () => {
  test('K01, K24, L03: the same call again, with a certificate whose key can be used', async () => {
    const application = world.application();
    const { handshake } = world.emulator.resources;
    await application.acquireToken(softwareRequest({ resource: handshake }));
    world.emulator.reset();
    const again = await application.acquireToken(softwareRequest({ resource: handshake }));

    expect(again.fromCache).toBe(true);
    expect(legs(world.emulator)).toEqual([]);
    const authorization = `${again.tokenType} ${again.accessToken}`;
    const response = await again.binding.fetch(`${handshake}/echo`, { headers: { authorization } });
    expect(response.status).toBe(200);
    expect(world.emulator.journal.at(-1)?.clientCertificateS256).toBe(again.bindingCertificate.x5tS256);
  });

  test('K02: another application of the process', async () => {
    const first = await world.application().acquireToken(softwareRequest());
    world.emulator.reset();
    const second = await world.application().acquireToken(softwareRequest());

    expect([second.fromCache, second.accessToken]).toEqual([true, first.accessToken]);
    expect(legs(world.emulator)).toEqual([]);
  });

  test('until five minutes before the token expires', async () => {
    const application = world.application();
    await application.acquireToken(softwareRequest());
    world.clock.advance(DAY_MS - 5 * MINUTE_MS - 1);
    expect((await application.acquireToken(softwareRequest())).fromCache).toBe(true);

    world.clock.advance(1);
    expect((await application.acquireToken(softwareRequest())).fromCache).toBe(false);
  });

  test('rule D35: no longer when the wall clock was ahead and is set back', async () => {
    const application = world.application();
    await application.acquireToken(softwareRequest());
    world.clock.setWallClockBy(-6 * HOUR_MS);
    world.clock.advance(DAY_MS - 5 * MINUTE_MS - 1);
    expect((await application.acquireToken(softwareRequest())).fromCache).toBe(true);

    world.clock.advance(1);
    expect((await application.acquireToken(softwareRequest())).fromCache).toBe(false);
  });

  test('rule D35: as long as any other when it was received after the wall clock was set back', async () => {
    const application = world.application();
    world.clock.setWallClockBy(-48 * 3_600_000);
    await application.acquireToken(softwareRequest());
    await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: true });
  });

  test('K23: until then also when the certificate has less than 24 hours left', async () => {
    const application = world.application({ system: { disableInternalRetries: true } });
    await application.acquireToken(softwareRequest());
    world.clock.advance(5 * DAY_MS + 23 * HOUR_MS);
    world.emulator.fault('getplatformmetadata', [{ status: 500 }]);
    const renewed = nextBackgroundWork('certificate-renewal');
    const kept = await application.acquireToken(FORCED);
    expect((await renewed).status).toBe('error');

    world.clock.advance(2 * HOUR_MS);
    world.emulator.reset();
    const renewedNow = nextBackgroundWork('certificate-renewal');
    const later = await application.acquireToken(softwareRequest());
    expect([later.fromCache, later.accessToken]).toEqual([true, kept.accessToken]);
    expect(legs(world.emulator)).toEqual([]);
    expect((await renewedNow).status).toBe('end');
  });
});

describe('not served from the cache', () => {
  test('K09: another resource, with the same certificate', async () => {
    const application = world.application();
    const first = await application.acquireToken(softwareRequest());
    const second = await application.acquireToken(softwareRequest({ resource: 'https://other.example' }));

    expect(second.bindingCertificate.x5tS256).toBe(first.bindingCertificate.x5tS256);
    expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token', 'token']);
    expect((await application.acquireToken(softwareRequest())).accessToken).toBe(first.accessToken);
  });

  test('J12, G17: a call with claims; it keeps the certificate', async () => {
    const application = world.application();
    const first = await application.acquireToken(softwareRequest());
    world.emulator.reset();
    const second = await application.acquireToken(softwareRequest({ claims: CLAIMS }));

    expect(legs(world.emulator)).toEqual(['token']);
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(second.bindingCertificate.x5tS256).toBe(first.bindingCertificate.x5tS256);
  });

  test('K07: forceRefresh with claims sends the claims', async () => {
    const application = world.application();
    await application.acquireToken(softwareRequest());
    await application.acquireToken({ ...FORCED, claims: CLAIMS });

    expect(claimsSent()).toEqual([undefined, CLAIMS]);
  });

  test('K19: nothing derived from the token that is being replaced is sent', async () => {
    const application = world.application();
    await application.acquireToken(softwareRequest());
    await application.acquireToken(softwareRequest({ claims: CLAIMS }));

    for (const entry of world.emulator.journal) {
      expect(`${entry.url} ${entry.body ?? ''}`).not.toMatch(/sha256|refresh|revoked/i);
    }
    expect(Object.keys(formOf(requestsOf(world.emulator, 'token')[1]!)).sort()).toEqual([
      'claims',
      'client_id',
      'grant_type',
      'scope',
      'token_type',
    ]);
  });

  test('J13: other claims of the client; each text has a token of its own, which is kept', async () => {
    const application = world.application();
    const acquire = (claimsFromClient?: string) =>
      application.acquireToken(softwareRequest({ ...(claimsFromClient !== undefined && { claimsFromClient }) }));
    const [none, a, b] = [await acquire(), await acquire('{"a":1}'), await acquire('{"b":1}')];
    expect(new Set([none.accessToken, a.accessToken, b.accessToken]).size).toBe(3);
    expect(claimsSent()).toEqual([undefined, '{"a":1}', '{"b":1}']);

    world.emulator.reset();
    expect((await acquire('{"a":1}')).accessToken).toBe(a.accessToken);
    expect((await acquire(' ')).accessToken).toBe(none.accessToken);
    expect(legs(world.emulator)).toEqual([]);
  });

  test('other capabilities', async () => {
    await world.application().acquireToken(softwareRequest());
    const capable = await world.application({ clientCapabilities: ['cp1'] }).acquireToken(softwareRequest());

    expect(capable.fromCache).toBe(false);
  });
});

describe('refresh', () => {
  test('J20: a due token is handed out at once while one successor is fetched', async () => {
    const application = world.application();
    refreshAfterAnHour();
    const first = await application.acquireToken(softwareRequest());
    expect(first.refreshOn).toEqual(new Date(first.expiresOn.getTime() - DAY_MS + HOUR_MS));
    world.clock.advance(HOUR_MS + 1);
    world.emulator.reset();

    const refreshed = nextBackgroundWork('token-refresh');
    const served = await Promise.all([1, 2, 3].map(() => application.acquireToken(softwareRequest())));
    expect(served.map(({ accessToken, fromCache }) => accessToken === first.accessToken && fromCache)).toEqual([
      true,
      true,
      true,
    ]);
    expect((await refreshed).status).toBe('end');
    expect(legs(world.emulator)).toEqual(['token']);
    const next = await application.acquireToken(softwareRequest());
    expect([next.fromCache, next.accessToken === first.accessToken]).toEqual([true, false]);
  });

  test('J19: without refresh_in there is none, however old the token is', async () => {
    const application = world.application();
    const first = await application.acquireToken(softwareRequest());
    expect(first.refreshOn).toBeUndefined();
    world.clock.advance(23 * HOUR_MS);
    world.emulator.reset();

    await application.acquireToken(softwareRequest());
    expect(legs(world.emulator)).toEqual([]);
  });

  test('a refresh that fails is reported on diagnostics; the caller has the token', async () => {
    const application = world.application();
    refreshAfterAnHour();
    const first = await application.acquireToken(softwareRequest());
    world.clock.advance(HOUR_MS + 1);
    world.emulator.fault('token', [{ oauthError: { error: 'unauthorized_client' } }]);
    const refreshed = nextBackgroundWork('token-refresh');

    expect((await application.acquireToken(softwareRequest())).accessToken).toBe(first.accessToken);
    expect(await refreshed).toMatchObject({ status: 'error', errorCode: 'unauthorized_client' });
  });

  test('K14: a caller who leaves after being served does not stop it', async () => {
    const application = world.application();
    refreshAfterAnHour();
    const first = await application.acquireToken(softwareRequest());
    world.clock.advance(HOUR_MS + 1);
    const refreshed = nextBackgroundWork('token-refresh');
    const controller = new AbortController();

    await application.acquireToken(softwareRequest({ signal: controller.signal }));
    controller.abort(new Error('the caller left'));
    expect((await refreshed).status).toBe('end');
    expect((await application.acquireToken(softwareRequest())).accessToken).not.toBe(first.accessToken);
  });

  test('K12: a result served while the certificate is being replaced keeps token and certificate together', async () => {
    const application = world.application();
    refreshAfterAnHour();
    const first = await application.acquireToken(softwareRequest());
    world.clock.advance(HOUR_MS + 1);
    world.emulator.fault('token', [{ oauthError: { error: 'invalid_client' } }]);
    const refreshed = nextBackgroundWork('token-refresh');
    const served = await application.acquireToken(softwareRequest());
    expect((await refreshed).status).toBe('end');

    expect(served.accessToken).toBe(first.accessToken);
    expect(served.bindingCertificate.x5tS256).toBe(first.bindingCertificate.x5tS256);
    const next = await application.acquireToken(softwareRequest());
    expect(next.bindingCertificate.x5tS256).not.toBe(first.bindingCertificate.x5tS256);
    for (const { accessToken, bindingCertificate } of [served, next]) {
      expect(jwtClaims(accessToken)['cnf']).toEqual({ 'x5t#S256': bindingCertificate.x5tS256 });
    }
  });

  test('K16: a renewed certificate for the same key does not get the tokens of the old one', async () => {
    const application = world.application();
    await application.acquireToken(softwareRequest());
    world.clock.advance(4 * DAY_MS);
    const renewed = nextBackgroundWork('certificate-renewal');
    const old = await application.acquireToken(softwareRequest());
    await renewed;
    const refreshed = nextBackgroundWork('token-refresh');

    // Served with the old certificate once more, and a token for the new one is fetched.
    const served = await application.acquireToken(softwareRequest());
    expect(served.bindingCertificate.x5tS256).toBe(old.bindingCertificate.x5tS256);
    expect((await refreshed).status).toBe('end');
    const next = await application.acquireToken(softwareRequest());
    expect(next.bindingCertificate.x5tS256).not.toBe(old.bindingCertificate.x5tS256);
    const keyOf = ({ bindingCertificate }: typeof next) =>
      bindingCertificate.toX509Certificate().publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    expect(keyOf(next)).toBe(keyOf(old));
    for (const { accessToken, bindingCertificate } of [old, served, next]) {
      expect(jwtClaims(accessToken)['cnf']).toEqual({ 'x5t#S256': bindingCertificate.x5tS256 });
    }
  });
});
