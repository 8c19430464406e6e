/** A certificate that the token endpoint refuses is replaced once (D22, D23). */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Fault } from 'msal-mi-emulator';
import { TransportError } from 'core/ports.js';
import { failingOnce } from '../support/failing-platform.js';
import { jwtClaims } from '../support/jwt.js';
import { legs, queryOf, requestsOf } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World, softwareRequest } from '../support/world.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const FORCED = softwareRequest({ forceRefresh: true });
const TWICE = ['metadata', 'issuecredential', 'token', 'metadata', 'issuecredential', 'token'];

/** A refusal as Entra ID writes it. */
function refusal(error: string, code: number, { described = true, listed = true } = {}): Fault {
  return {
    oauthError: {
      error,
      error_description: described ? `AADSTS${code}: refused. Trace ID: t` : 'refused',
      ...(listed && { error_codes: [code] }),
    },
  };
}

describe('healed', () => {
  test('J21: invalid_client on a fresh certificate: everything once more, with another certificate', async () => {
    world.emulator.fault('token', [{ ...refusal('invalid_client', 7000218), status: 400 }]);
    const result = await world.application().acquireToken(softwareRequest());

    expect(legs(world.emulator)).toEqual(TWICE);
    const [refused, accepted] = requestsOf(world.emulator, 'token').map((entry) => entry.clientCertificateS256);
    expect(accepted).not.toBe(refused);
    expect(result.bindingCertificate.x5tS256).toBe(accepted);
    expect(jwtClaims(result.accessToken)['cnf']).toEqual({ 'x5t#S256': accepted });
  });

  test('J23: invalid_client on a kept certificate: one new certificate, the old one is used nowhere again', async () => {
    const application = world.application();
    const first = await application.acquireToken(softwareRequest());
    world.emulator.reset();
    world.emulator.fault('token', [refusal('invalid_client', 7000218)]);

    const healed = await application.acquireToken(FORCED);
    expect(legs(world.emulator)).toEqual(['token', 'metadata', 'issuecredential', 'token']);
    const next = await application.acquireToken(softwareRequest());
    expect(next.bindingCertificate.x5tS256).toBe(healed.bindingCertificate.x5tS256);
    expect(next.bindingCertificate.x5tS256).not.toBe(first.bindingCertificate.x5tS256);
  });

  test('J25, J27: each listed code, and invalid_client with any other', async () => {
    for (const code of [1000901, 1000610, 1000611, 1000612, 1000613, 1000614, 700016]) {
      world.renew();
      world.emulator.fault('token', [refusal('invalid_client', code)]);
      await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
      expect(legs(world.emulator)).toEqual(TWICE);
    }
  });

  test('J32: a listed code heals whatever the OAuth error is, in the description or in error_codes alone', async () => {
    for (const where of [{ listed: false }, { described: false }]) {
      world.renew();
      world.emulator.fault('token', [refusal('invalid_request', 1000901, where)]);
      await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
      expect(legs(world.emulator)).toEqual(TWICE);
    }
  });

  test('a handshake that fails because of the client certificate', async () => {
    for (const tlsAlert of [
      'bad_certificate',
      'certificate_expired',
      'unknown_ca',
      'certificate_required',
      undefined,
    ] as const) {
      world.renew();
      world.emulator.fault('token', [{ reset: 'handshake', ...(tlsAlert && { tlsAlert }) }]);
      await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
      expect(legs(world.emulator)).toEqual(TWICE);
    }
  });

  test.each<Fault>([
    { reset: 'after-handshake' },
    { reset: 'after-handshake', resetBy: 'fin' },
    { reset: 'before-response' },
    { reset: 'before-response', resetBy: 'rst' },
  ])('rule D22: a new connection that ends before the first byte of an answer: %p', async (fault) => {
    world.emulator.fault('token', [fault]);
    await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
    expect(legs(world.emulator)).toEqual(TWICE);
  });

  test('J37: a local TLS stack that cannot use the key', async () => {
    const code = 0x8009030d;
    world.renew(
      failingOnce(
        new TransportError('client_certificate_rejected', String(code), 'SChannel', {
          api: 'WinHttpSendRequest',
          code,
        }),
      ),
    );

    await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
    expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'metadata', 'issuecredential', 'token']);
  });

  test('rule D22: what another copy of the library, ESM or CommonJS, reports of the connections they share', async () => {
    const failures: TransportError[] = [];
    await (import.meta as { jest: typeof jest }).jest.isolateModulesAsync(async () => {
      const { TransportError: ErrorOfOtherCopy } = await import('core/ports.js');
      failures.push(new ErrorOfOtherCopy('closed_before_answer', 'ECONNRESET', 'closed'));
    });
    const [failure] = failures;
    expect(failure).not.toBeInstanceOf(TransportError);
    world.renew(failingOnce(failure!));
    await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
    expect(world.requests().issuecredential).toBe(2);
  });

  test('J51: a Retry-After of the refusal does not hold the healing back', async () => {
    world.emulator.fault('token', [{ ...refusal('invalid_client', 1000901), headers: { 'Retry-After': '600' } }]);

    await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
    expect(legs(world.emulator)).toEqual(TWICE);
    expect(world.clock.slept).toEqual([]);
  });

  test('is logged once and published once, with the reason and the certificate that was refused', async () => {
    const lines: string[] = [];
    const loggerOptions = { loggerCallback: (_level: number, message: string) => lines.push(message) };
    const application = world.application({ system: { loggerOptions } });
    const { bindingCertificate } = await application.acquireToken(softwareRequest());
    const events: unknown[] = [];
    const listen = (event: unknown) => events.push(event);
    subscribe('msal-mi-core:recovery', listen);
    world.emulator.fault('token', [refusal('invalid_client', 1000610)]);
    const { correlationId } = await application.acquireToken(FORCED);
    unsubscribe('msal-mi-core:recovery', listen);

    const staleThumbprint = bindingCertificate.x5tS256;
    expect(events).toEqual([{ version: 1, reason: 'aadsts', aadstsCode: '1000610', correlationId, staleThumbprint }]);
    expect(lines.filter((line) => line.includes('refused'))).toEqual([
      expect.stringContaining(`certificate ${staleThumbprint} was refused (aadsts AADSTS1000610)`),
    ]);
  });

  test('calls that saw the same refused certificate cause one re-mint', async () => {
    const application = world.application();
    await application.acquireToken(softwareRequest());
    world.emulator.reset();
    world.emulator.fault(
      'token',
      Array.from({ length: 5 }, () => refusal('invalid_client', 1000901)),
    );
    const calls = Array.from({ length: 5 }, (_, i) =>
      application.acquireToken(softwareRequest({ resource: `https://resource-${i}.example` })),
    );

    const thumbprints = new Set((await Promise.all(calls)).map((result) => result.bindingCertificate.x5tS256));
    expect(thumbprints.size).toBe(1);
    expect(world.requests()).toMatchObject({ metadata: 1, issuecredential: 1, token: 10 });
  });

  test('a call that hears of the refusal after the certificate was replaced takes the new one', async () => {
    const application = world.application();
    await application.acquireToken(softwareRequest());
    world.emulator.reset();
    world.emulator.fault('token', [
      { ...refusal('invalid_client', 1000901), delayMs: 500 },
      refusal('invalid_client', 1000901),
    ]);
    const calls = ['slow', 'fast'].map((name) =>
      application.acquireToken(softwareRequest({ resource: `https://${name}.example` })),
    );

    const thumbprints = new Set((await Promise.all(calls)).map((result) => result.bindingCertificate.x5tS256));
    expect(thumbprints.size).toBe(1);
    expect(world.requests()).toMatchObject({ metadata: 1, issuecredential: 1, token: 4 });
  });
});

describe('the re-mint', () => {
  test('G16: asks IMDS not to answer with the refused certificate; the first mint does not', async () => {
    world.emulator.fault('token', [refusal('invalid_client', 1000901)]);
    await world.application().acquireToken(softwareRequest());

    expect(requestsOf(world.emulator, 'issuecredential').map(queryOf)).toEqual([
      { 'cred-api-version': '2.0' },
      { 'cred-api-version': '2.0', bypass_cache: 'true' },
    ]);
  });

  test('goes on without that parameter where IMDS does not know it', async () => {
    const application = world.application();
    await application.acquireToken(softwareRequest());
    world.emulator.reset();
    world.emulator.fault('token', [refusal('invalid_client', 1000901)]);
    world.emulator.fault('issuecredential', [{ status: 400, body: { error: 'invalid_request' } }]);

    await expect(application.acquireToken(FORCED)).resolves.toMatchObject({ fromCache: false });
    expect(requestsOf(world.emulator, 'issuecredential').map((entry) => queryOf(entry)['bypass_cache'])).toEqual([
      'true',
      undefined,
    ]);
  });

  test('J24: when it fails, the first failure surfaces, with the code of the second in its message', async () => {
    world.emulator.fault('token', [refusal('invalid_client', 1000901)]);
    world.emulator.fault('issuecredential', [
      { headers: { 'x-first': '1' } },
      { status: 403, body: { error: 'denied' } },
    ]);
    const error = await rejection(world.application().acquireToken(softwareRequest()));

    expect(error).toMatchObject({
      errorCode: 'invalid_client',
      stage: 'token',
      httpStatus: 401,
      aadstsCode: '1000901',
      correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect(error.errorMessage).toContain('could not be replaced (managed_identity_request_failed)');
  });

  test('rule D23: a token that was on its way under the refused certificate is not served later', async () => {
    const application = world.application();
    await application.acquireToken(softwareRequest());
    const other = softwareRequest({ resource: 'https://other.example' });
    world.emulator.fault('token', [{ delayMs: 200, audience: other.resource }, refusal('invalid_client', 1000901)]);
    const onItsWay = application.acquireToken(other);
    const healed = await application.acquireToken(FORCED);
    const late = await onItsWay;
    expect(late.bindingCertificate.x5tS256).not.toBe(healed.bindingCertificate.x5tS256);

    const next = await application.acquireToken(other);
    expect(next.fromCache).toBe(false);
    expect(next.bindingCertificate.x5tS256).toBe(healed.bindingCertificate.x5tS256);
  });

  test('rule D23: closes the connections that wait under the refused certificate', async () => {
    const application = world.application();
    const { binding } = await application.acquireToken(softwareRequest());
    const requests: ClientRequest[] = [];
    const onStart = (message: unknown) => void requests.push((message as { request: ClientRequest }).request);
    subscribe('http.client.request.start', onStart);
    const response = await binding.fetch(world.emulator.resources.handshake);
    unsubscribe('http.client.request.start', onStart);
    const socket = requests[0]?.socket;
    await response.text();
    expect(socket?.destroyed).toBe(false);

    world.emulator.fault('token', [refusal('invalid_client', 1000901)]);
    await application.acquireToken(FORCED);
    expect(socket?.destroyed).toBe(true);
  });

  test('K15: leaves no token of the refused certificate reachable', async () => {
    const application = world.application();
    const other = softwareRequest({ resource: 'https://other.example' });
    const before = await application.acquireToken(other);
    world.emulator.fault('token', [refusal('invalid_client', 1000901)]);
    await application.acquireToken(softwareRequest());
    expect(world.state.tokens.size).toBe(1);

    const after = await application.acquireToken(other);
    expect(after.fromCache).toBe(false);
    expect(after.accessToken).not.toBe(before.accessToken);
  });
});

describe('not healed', () => {
  test('a second refusal is thrown unchanged, after exactly two token requests', async () => {
    world.emulator.fault('token', [refusal('invalid_client', 1000901), refusal('invalid_client', 1000612)]);

    expect(await rejection(world.application().acquireToken(softwareRequest()))).toMatchObject({
      errorCode: 'invalid_client',
      aadstsCode: '1000612',
      httpStatus: 401,
    });
    expect(legs(world.emulator)).toEqual(TWICE);
  });

  test('J38: repeated handshake failures end after two attempts', async () => {
    world.emulator.fault('token', [
      { reset: 'handshake', tlsAlert: 'bad_certificate' },
      { reset: 'handshake', tlsAlert: 'bad_certificate' },
    ]);

    expect(await rejection(world.application().acquireToken(softwareRequest()))).toMatchObject({
      errorCode: 'managed_identity_unreachable_network',
      stage: 'token',
      retryable: true,
    });
    expect(legs(world.emulator)).toEqual(TWICE);
  });

  test('I44: any other failure keeps the certificate', async () => {
    const application = world.application();
    const { bindingCertificate } = await application.acquireToken(softwareRequest());
    const failures: Fault[][] = [
      [refusal('unauthorized_client', 7000229)],
      [refusal('invalid_request', 10009010)],
      [{ status: 500 }, { status: 500 }],
      [{ status: 429 }],
      [{ status: 404, body: 'x' }],
      [{ mutate: 'wrong-cnf' }],
      [{ mutate: 'malformed-json' }],
      [{ reset: 'mid-body' }],
    ];
    for (const faults of failures) {
      world.emulator.reset();
      world.emulator.fault('token', faults);
      await rejection(application.acquireToken(FORCED));
      expect(legs(world.emulator)).toEqual(faults.map(() => 'token'));
      world.clock.advance(60_000); // What a 429 asks for.
    }
    const after = await application.acquireToken(FORCED);
    expect(after.bindingCertificate.x5tS256).toBe(bindingCertificate.x5tS256);
  });

  test('a token endpoint whose certificate is not trusted is not asked again', async () => {
    const application = world.application({ system: { ca: [] } });

    expect(await rejection(application.acquireToken(softwareRequest()))).toMatchObject({
      errorCode: 'managed_identity_unreachable_network',
      retryable: false,
    });
    expect(world.requests()).toMatchObject({ metadata: 1, issuecredential: 1 });
  });
});
