/** A certificate that a resource, or the token service, refuses in a call of createMtlsFetch (D22, D23). */
import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { MtlsManagedIdentityCredential } from 'core/azure/credential.js';
import { withMtlsPop } from 'core/azure/with-mtls-pop.js';
import { createDownstreamApi } from 'core/identity-web/downstream-api.js';
import type { MtlsFetchOptions } from 'core/mtls-fetch/mtls-fetch.js';
import type { ManagedIdentityApplication } from 'core/index.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { boundFetch } from '../support/bound-fetch.js';
import { requestsOf } from '../support/journal.js';
import { jwtClaims } from '../support/jwt.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, World } from '../support/world.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const REFUSED_HANDSHAKE = { reset: 'handshake', tlsAlert: 'certificate_revoked' } as const;
const handshakeUrl = (path: string) => world.emulator.resources.handshake + path;
const callsOfResource = () => requestsOf(world.emulator, 'resource');
const times = <T>(count: number, fault: T): T[] => Array.from({ length: count }, () => fault);
const fetchFor = (options: Partial<MtlsFetchOptions> = {}, app = world.application()) =>
  boundFetch(app, world.emulator.resources.handshake, options);
const refusedConnection = (error: unknown) =>
  ((error as Error).cause as { failure?: string } | undefined)?.failure ?? String(error);

describe('a certificate that the resource refuses in the handshake', () => {
  test('rule D22: is replaced once, and the request is sent with the new one', async () => {
    const app = world.application();
    const before = await app.acquireToken({
      resource: world.emulator.resources.handshake,
      mtlsProofOfPossession: true,
      minStrength: MtlsBindingStrength.Software,
    });
    world.emulator.fault('resource', [REFUSED_HANDSHAKE]);

    const response = await fetchFor({}, app)(handshakeUrl('/'), { method: 'POST', body: 'again' });
    const { thumbprint, body } = (await response.json()) as { thumbprint: string; body: string };
    expect(body).toBe('again');
    expect(thumbprint).not.toBe(before.bindingCertificate.x5tS256);
    expect(world.requests()).toMatchObject({ issuecredential: 2, token: 2 });
  });

  test('rule D23: is replaced once for all calls that saw it refused', async () => {
    const fetch = fetchFor();
    world.emulator.fault(
      'resource',
      Array.from({ length: 5 }, () => REFUSED_HANDSHAKE),
    );

    const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(handshakeUrl('/'))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(world.requests().issuecredential).toBe(2);
  });

  test('is not replaced again when the new one is refused too, nor in later calls', async () => {
    const fetch = fetchFor();
    world.emulator.fault(
      'resource',
      Array.from({ length: 3 }, () => REFUSED_HANDSHAKE),
    );

    expect(await fetch(handshakeUrl('/')).catch(refusedConnection)).toBe('client_certificate_rejected');
    expect(world.requests().issuecredential).toBe(2);
    world.clock.advance(11 * 60_000);
    expect(await fetch(handshakeUrl('/')).catch(refusedConnection)).toBe('client_certificate_rejected');
    expect(world.requests().issuecredential).toBe(2);
    expect((await fetch(handshakeUrl('/'))).status).toBe(200);
  });

  test('rule D22: is not replaced again within 10 minutes for another function of the application either', async () => {
    const app = world.application();
    world.emulator.fault('resource', times(3, REFUSED_HANDSHAKE));
    for (let functions = 0; functions < 2; functions += 1) {
      expect(await fetchFor({}, app)(handshakeUrl('/')).catch(refusedConnection)).toBe('client_certificate_rejected');
    }
    expect(world.requests().issuecredential).toBe(2);
  });

  /** A call of the resource through each of those who replace certificates. */
  const CALLERS: ReadonlyArray<
    [string, (app: ManagedIdentityApplication) => Promise<() => Promise<{ status: number }>>]
  > = [
    [
      'createMtlsFetch',
      (app) => {
        const fetch = fetchFor({}, app);
        return Promise.resolve(() => fetch(handshakeUrl('/')));
      },
    ],
    [
      'createDownstreamApi',
      (application) => {
        const { handshake } = world.emulator.resources;
        const orders = {
          BaseUrl: handshake,
          Scopes: [`${handshake}/.default`],
          RequestAppToken: true,
          ProtocolScheme: 'MTLS_POP',
          MinStrength: 'Software',
          AcquireTokenOptions: { ManagedIdentity: {} },
        };
        const api = createDownstreamApi({ Orders: orders }, { application });
        return Promise.resolve(() => api.callApiForApp('Orders'));
      },
    ],
    [
      'the Azure credential',
      async (application) => {
        const { handshake } = world.emulator.resources;
        const credential = new MtlsManagedIdentityCredential({
          application,
          minStrength: MtlsBindingStrength.Software,
        });
        const { token } = await credential.getToken(`${handshake}/.default`);
        const request = createPipelineRequest({ url: handshakeUrl('/') });
        request.headers.set('authorization', `Bearer ${token}`);
        const send = () => withMtlsPop(credential).httpClient.sendRequest(request);
        // The pipeline of the SDK repeats such a request.
        return () =>
          send().catch((error: unknown) => {
            if ((error as { code?: unknown }).code === 'ECONNRESET') return send();
            throw error as Error;
          });
      },
    ],
  ];

  test.each(CALLERS)('%s: rule D22: costs others nothing when the new one is refused too', async (_who, callerOf) => {
    const app = world.application();
    const other = await app.acquireToken(softwareRequest());
    const call = await callerOf(app);
    world.emulator.fault('resource', times(20, REFUSED_HANDSHAKE));
    for (let calls = 0; calls < 5; calls += 1) {
      await expect(call()).rejects.toThrow();
      expect((await app.acquireToken(softwareRequest())).accessToken).toBe(other.accessToken);
    }
    expect(world.requests()).toMatchObject({ issuecredential: 2, token: 3 });
  });

  test.each(CALLERS)('%s: rule D23: takes its tokens with it once the new one is accepted', async (_who, callerOf) => {
    const app = world.application();
    const other = await app.acquireToken(softwareRequest());
    const call = await callerOf(app);
    world.emulator.fault('resource', [REFUSED_HANDSHAKE]);
    expect((await call()).status).toBe(200);
    const next = await app.acquireToken(softwareRequest());
    expect(next.fromCache).toBe(false);
    expect(next.bindingCertificate.x5tS256).not.toBe(other.bindingCertificate.x5tS256);
    expect(world.requests().issuecredential).toBe(2);
  });

  test('rule D22: is replaced again when it was accepted for a while', async () => {
    const fetch = fetchFor({ headers: { connection: 'close' } });
    await fetch(handshakeUrl('/'));
    for (const certificates of [2, 3]) {
      world.clock.advance(11 * 60_000);
      world.emulator.fault('resource', [REFUSED_HANDSHAKE]);
      expect((await fetch(handshakeUrl('/'))).status).toBe(200);
      expect(world.requests().issuecredential).toBe(certificates);
    }
  });

  test('rule D22: while no other one can be had, costs one mint for each pause after a second try', async () => {
    const fetch = fetchFor({}, world.application({ system: { disableInternalRetries: true } }));
    const refusals = async () => {
      world.emulator.reset();
      world.emulator.fault('resource', times(3, REFUSED_HANDSHAKE));
      world.emulator.fault('getplatformmetadata', times(3, { status: 503 }));
      const failures: unknown[] = [];
      for (let calls = 0; calls < 3; calls += 1) failures.push(await fetch(handshakeUrl('/')).catch(refusedConnection));
      expect(callsOfResource().filter(({ url }) => url !== '')).toEqual([]);
      expect(callsOfResource()).toHaveLength(3);
      expect(failures[2]).toBe('client_certificate_rejected');
      return world.requests().metadata;
    };
    await fetch(handshakeUrl('/'), { headers: { connection: 'close' } });
    expect(await refusals()).toBe(2);
    world.clock.advance(1_200);
    expect(await refusals()).toBe(1);
    world.emulator.reset();
    world.clock.advance(60_000);
    world.emulator.fault('resource', [REFUSED_HANDSHAKE]);
    expect((await fetch(handshakeUrl('/'))).status).toBe(200);
  });

  test('is not replaced for a body that cannot be sent again', async () => {
    world.emulator.fault('resource', [REFUSED_HANDSHAKE]);
    const init = { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' } as const;

    expect(await fetchFor()(handshakeUrl('/'), init).catch(refusedConnection)).toBe('client_certificate_rejected');
    expect(world.requests().issuecredential).toBe(1);
  });

  test.each(['POST', 'PATCH', 'GET'])(
    'rule D30: %s that got no answer replaces nothing, and others keep their tokens',
    async (method) => {
      const app = world.application();
      const vault = await app.acquireToken(softwareRequest());
      world.emulator.fault('resource', [{ reset: 'before-response' }]);

      expect(await fetchFor({}, app)(handshakeUrl('/'), { method }).catch(refusedConnection)).toBe(
        'closed_before_answer',
      );
      expect(callsOfResource()).toHaveLength(1);
      expect(world.requests().issuecredential).toBe(1);
      await expect(app.acquireToken(softwareRequest())).resolves.toMatchObject({
        fromCache: true,
        accessToken: vault.accessToken,
      });
    },
  );

  test('rule D30: is not replaced when it is refused after a redirect, for the request was carried out before', async () => {
    const fetch = fetchFor();
    await (await fetch(handshakeUrl('/'))).text();
    world.emulator.reset();
    world.emulator.fault('resource', [
      { status: 307, headers: { location: '/moved', connection: 'close' } },
      REFUSED_HANDSHAKE,
    ]);

    const answer = fetch(handshakeUrl('/'), { method: 'POST', body: 'pay 100' });
    expect(await answer.catch(refusedConnection)).toBe('tls');
    expect(callsOfResource().filter(({ status }) => status === 307)).toHaveLength(1);
    expect(world.requests().issuecredential).toBe(0);
  });

  test('other failures of the connection replace nothing', async () => {
    const closed = fetchFor({ allowedHosts: ['localhost:1'] });
    expect(await closed('https://localhost:1/').catch(refusedConnection)).toBe('unreachable');
    expect(world.requests().issuecredential).toBe(1);
  });
});

describe('in one call at most one certificate is replaced', () => {
  const claims = Buffer.from('{"access_token":{"acrs":{"essential":true,"value":"c1"}}}').toString('base64');
  const CHALLENGE = {
    status: 401,
    // The next request makes a handshake of its own.
    headers: { 'www-authenticate': `Bearer error="insufficient_claims", claims="${claims}"`, connection: 'close' },
  };
  const STALE_ON_TOKEN_LEG = { oauthError: { error: 'invalid_client' } };
  const acquire = (app: ManagedIdentityApplication) =>
    app.acquireToken({
      resource: world.emulator.resources.handshake,
      mtlsProofOfPossession: true,
      minStrength: MtlsBindingStrength.Software,
    });

  test('rule D22: the resource refuses it, and the token service the next one when a challenge is answered', async () => {
    const app = world.application();
    await acquire(app);
    world.emulator.fault('resource', [REFUSED_HANDSHAKE, CHALLENGE]);
    world.emulator.fault('token', [{ delayMs: 1 }, STALE_ON_TOKEN_LEG]);

    await expect(fetchFor({}, app)(handshakeUrl('/'))).rejects.toMatchObject({
      errorCode: 'invalid_client',
      stage: 'token',
    });
    expect(world.requests()).toMatchObject({ issuecredential: 2, token: 3 });
    await expect(acquire(app)).resolves.toMatchObject({ tokenType: 'mtls_pop' });
  });

  test('rule D22: the token service refuses it, and the resource the next one', async () => {
    world.emulator.fault('token', [STALE_ON_TOKEN_LEG]);
    world.emulator.fault('resource', [REFUSED_HANDSHAKE]);
    const fetch = fetchFor();

    expect(await fetch(handshakeUrl('/')).catch(refusedConnection)).toBe('client_certificate_rejected');
    expect(world.requests()).toMatchObject({ issuecredential: 2, token: 2 });
    expect((await fetch(handshakeUrl('/'))).status).toBe(200);
  });

  test('rule D22: the resource refuses it, and the token service the next one', async () => {
    const app = world.application();
    await acquire(app);
    world.emulator.fault('resource', [REFUSED_HANDSHAKE]);
    world.emulator.fault('token', [STALE_ON_TOKEN_LEG]);

    await expect(fetchFor({}, app)(handshakeUrl('/'))).rejects.toMatchObject({
      errorCode: 'invalid_client',
    });
    expect(world.requests()).toMatchObject({ issuecredential: 2, token: 2 });
  });

  test('it may be the one that the answer to a challenge is sent with', async () => {
    const app = world.application();
    const { bindingCertificate } = await acquire(app);
    world.emulator.fault('resource', [CHALLENGE, REFUSED_HANDSHAKE]);

    const response = await fetchFor({}, app)(handshakeUrl('/'), { method: 'PUT', body: 'again' });
    expect(await response.json()).toMatchObject({ ok: true, body: 'again' });
    const answered = callsOfResource().at(-1);
    expect(answered?.clientCertificateS256).not.toBe(bindingCertificate.x5tS256);
    expect(jwtClaims(String(answered?.headers['authorization']))).toMatchObject({ acrs: ['c1'] });
    expect(world.requests()).toMatchObject({ issuecredential: 2, token: 3 });
  });

  test('and no challenge is answered twice, nor a refused certificate replaced twice, whatever the resource does', async () => {
    const app = world.application();
    await acquire(app);
    world.emulator.fault('resource', [CHALLENGE, REFUSED_HANDSHAKE, CHALLENGE, CHALLENGE, REFUSED_HANDSHAKE]);
    const fetch = fetchFor({}, app);

    const response = await fetch(handshakeUrl('/'));
    expect(response.status).toBe(401);
    await response.text();
    expect(callsOfResource().filter(({ status }) => status === 401)).toHaveLength(2);
    expect(world.requests()).toMatchObject({ issuecredential: 2, token: 3 });
  });
});
