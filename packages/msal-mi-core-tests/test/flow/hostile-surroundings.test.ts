/**
 * Errors only of ours (D29): whatever the environment and the services say, what leaves a public function is an
 * MsalMiError (of the emulator a TypeError), the reason of the signal, or what `fetch` throws, a TypeError.
 * MSAL_MI_PROPERTY_RUNS is how often each property is tried.
 */
import fc, { type Arbitrary } from 'fast-check';
import { startEmulator, type Emulator, type Fault, type FaultLeg } from 'msal-mi-emulator';
import { readProxyEnvironment } from 'core/config.js';
import { createMtlsFetch } from 'core/index.js';
import { proxyFor } from 'core/platform/win32/proxy.js';
import { boundClient, GRAPH_SCOPES } from '../support/fic.js';
import { EmulatedAttestation, IsolatedPlatform } from '../support/isolated-platform.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, STEERING, VAULT, World } from '../support/world.js';
import {
  expectOurs,
  hostileMembers,
  hostileValue,
  property,
  thrownByFetch,
  untyped,
  RUNS,
  character,
  DEEP,
} from '../support/hostile.js';

const world = await untilTheEnd(World.start());
afterEach(() => world.renew());

describe('the emulator', () => {
  const legs = fc.oneof(fc.constantFrom<unknown>('token', 'issuecredential', 'resource'), hostileValue);
  property(
    'startEmulator',
    hostileMembers({
      port: 0,
      host: '127.0.0.1',
      tenantId: undefined,
      identities: undefined,
      now: Date.now,
      cuId: undefined,
      audiences: undefined,
      seed: 'a',
      tokenNotAfter: undefined,
    }),
    async (options) => {
      let emulator: Emulator | undefined;
      await expectOurs(async () => (emulator = await startEmulator(untyped(options))), { isEmulator: true });
      await emulator?.close();
    },
    Math.min(RUNS, 8),
  );
  property(
    'fault, outage and reset',
    fc.tuple(
      legs,
      hostileMembers({ status: 400, headers: { a: 'b' }, body: 'x', delayMs: 0, patch: undefined, reset: undefined }),
    ),
    async ([leg, fault]) => {
      const { emulator } = world;
      await expectOurs(() => emulator.fault(untyped(leg), untyped([fault])), { isEmulator: true });
      await expectOurs(() => emulator.fault(untyped(leg), untyped(fault)), { isEmulator: true });
      await expectOurs(() => emulator.outage(untyped(leg), untyped(fault)).end(), { isEmulator: true });
      await expectOurs(() => emulator.outage('token', { status: 500 }, untyped(fault)).end(), { isEmulator: true });
      emulator.reset();
    },
  );
});

describe('environment variables', () => {
  /** Variables that have tests of their own below. */
  const ELSEWHERE = new Set<string>(['AZURE_POD_IDENTITY_AUTHORITY_HOST', 'HTTPS_PROXY', 'https_proxy']);
  const text = fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      '1',
      'true',
      'http://127.0.0.1:1',
      'https://127.0.0.1:1',
      'http://u:p@127.0.0.1:1',
      'socks5://127.0.0.1:1',
      'http://[',
      'ftp://x',
      '//x',
      '*',
      'a,b',
      '*.example',
      '::1',
      '10.0.0.0/8',
      'a;b',
      'TryAutoDetect',
      'x'.repeat(30_000),
    ),
    fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
  );
  const env = fc.record(
    Object.fromEntries(STEERING.filter((name) => !ELSEWHERE.has(name)).map((name) => [name, text])),
    {
      requiredKeys: [],
    },
  ) as Arbitrary<Record<string, string>>;
  property('decide nothing but what they are for', env, async (variables) => {
    await expectOurs(async () => {
      const app = world.application({ system: { disableInternalRetries: true } }, variables);
      app.getManagedIdentitySource();
      await app.acquireToken(softwareRequest()).catch(thrownByFetch);
      await app.getManagedIdentityCapabilities();
    });
    await expectOurs(() =>
      boundClient(
        world,
        { system: { ca: world.emulator.ca, disableInternalRetries: true } },
        world.platform,
        variables,
      ).acquireTokenByClientCredential({ scopes: GRAPH_SCOPES }),
    );
  });
  property('the address of IMDS', text, async (value) => {
    await expectOurs(() => world.application({}, { AZURE_POD_IDENTITY_AUTHORITY_HOST: value }));
  });
  property(
    'proxies',
    fc.record({ HTTPS_PROXY: text, NO_PROXY: text, https_proxy: text, no_proxy: text }, { requiredKeys: [] }),
    async (variables) => {
      await expectOurs(() => {
        expect(proxyFor(new URL('https://vault.azure.net'), readProxyEnvironment(variables))).toMatch(
          /^(direct|system|[^\s@/]+:\d+)$/,
        );
      });
    },
  );
});

describe('services', () => {
  const body = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.string({ unit: character, maxLength: 200 }),
    fc.constantFrom(
      '',
      'null',
      '[]',
      '{',
      '\ufeff{}',
      '['.repeat(DEEP),
      '{"a":'.repeat(DEEP),
      `{"token_type":"mtls_pop","access_token":"${'a'.repeat(100_000)}","expires_in":1e400}`,
    ),
    fc
      .record(
        Object.fromEntries(
          [
            'clientId',
            'tenantId',
            'cuId',
            'attestationEndpoint',
            'client_id',
            'tenant_id',
            'certificate',
            'identity_type',
            'mtls_authentication_endpoint',
            'token_type',
            'access_token',
            'expires_in',
            'refresh_in',
            'ext_expires_in',
            'error',
            'error_description',
            'error_codes',
            'claims',
            'suberror',
          ].map((name) => [
            name,
            fc.oneof(
              fc.constantFrom<unknown>(
                'mtls_pop',
                'a',
                '..',
                3_600,
                '3600',
                -1,
                1e300,
                1e16,
                null,
                {},
                [],
                ['1000901'],
                'https://localhost:1',
                'AADSTS1000901: x',
              ),
              fc.jsonValue({ maxDepth: 2 }),
            ),
          ]),
        ),
        { requiredKeys: [] },
      )
      .map((members) => JSON.stringify(members)),
  );
  const fault: Arbitrary<Fault> = fc.record(
    {
      status: fc.constantFrom(200, 204, 301, 307, 400, 401, 403, 404, 410, 429, 500, 503, 599),
      body,
      headers: fc.dictionary(
        fc.constantFrom(
          'retry-after',
          'content-type',
          'location',
          'www-authenticate',
          'server',
          'x-ms-request-id',
          'set-cookie',
          'content-encoding',
        ),
        fc.constantFrom(
          '',
          '0',
          '-1',
          '1e9',
          'gzip',
          'x'.repeat(2_000),
          'Bearer claims="e30="',
          'Thu, 01 Jan 1970 00:00:00 GMT',
        ),
      ),
      reset: fc.constantFrom('before-response', 'mid-body', undefined),
    },
    { requiredKeys: ['status'] },
  ) as Arbitrary<Fault>;
  const leg = fc.constantFrom<FaultLeg>(
    'getplatformmetadata',
    'issuecredential',
    'token',
    'attest',
    'compute',
    'resource',
  );

  property(
    'an answer that is garbage',
    fc.array(fc.tuple(leg, fault), { minLength: 1, maxLength: 4 }),
    async (faults) => {
      const platform = new IsolatedPlatform();
      world.renew(platform);
      for (const [on, what] of faults) {
        try {
          world.emulator.fault(on, [what]);
        } catch {
          // The emulator knows that no server can do this.
        }
      }
      const attestationProvider = new EmulatedAttestation(world.emulator, platform);
      const app = world.application({ attestationProvider, system: { disableInternalRetries: true } });
      await expectOurs(() =>
        app.acquireToken({ resource: VAULT, mtlsProofOfPossession: true, withAttestationSupport: true }),
      );
      await expectOurs(() => app.acquireToken(softwareRequest()));
      await expectOurs(() => app.getManagedIdentityCapabilities({ refresh: true }));
      const { handshake } = world.emulator.resources;
      const fetch = createMtlsFetch(app, { resource: handshake, minStrength: 1 });
      await expectOurs(async () => (await fetch(handshake)).text(), { isFetch: true });
    },
    Math.ceil(RUNS / 3),
  );
  property(
    'a network client that answers anything',
    hostileMembers({ status: 200, headers: { server: 'IMDS' }, body: {} }),
    async (answer) => {
      const networkClient = {
        sendGetRequestAsync: () => untyped(answer),
        sendPostRequestAsync: () => untyped(answer),
      };
      const app = world.application({ system: { networkClient, disableInternalRetries: true } });
      await expectOurs(() => app.acquireToken(softwareRequest()));
      await expectOurs(() => app.getManagedIdentityCapabilities());
    },
  );
  property(
    'an attestation provider that does anything',
    fc.tuple(
      hostileMembers({
        contractVersion: 1,
        name: 'a',
        version: '1',
        probe: () => Promise.resolve({}),
        attest: () => ({}),
      }),
      hostileMembers({ jwt: 'a.b.c', expiresOn: new Date() }),
      fc.constantFrom('returns', 'rejects', 'throws', 'logs'),
    ),
    async ([members, returned, how]) => {
      world.renew(new IsolatedPlatform());
      const attest = ({ onLog }: { onLog?: (...args: unknown[]) => void }) => {
        if (how === 'throws') throw returned;
        if (how === 'logs') onLog?.(returned, returned, returned);
        return how === 'rejects' ? Promise.reject(returned) : returned;
      };
      for (const attestationProvider of [
        members,
        { contractVersion: 1, name: 'a', version: '1', attest, probe: attest },
      ]) {
        await expectOurs(async () => {
          const app = world.application({
            attestationProvider: untyped(attestationProvider),
            system: { disableInternalRetries: true },
          });
          await app.getManagedIdentityCapabilities();
          await app.acquireToken({ resource: VAULT, mtlsProofOfPossession: true, withAttestationSupport: true });
        });
      }
    },
  );
});
