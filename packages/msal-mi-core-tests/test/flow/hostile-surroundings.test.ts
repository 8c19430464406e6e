/**
 * Errors only of ours (D29): whatever options, environment variables and services do, what leaves a public function is an
 * MsalMiError (an EmulatorError of the emulator), the reason of the signal, or what `fetch` throws, a TypeError.
 * MSAL_MI_PROPERTY_RUNS is how often each property is tried.
 */
import { types } from 'node:util';
import fc, { type Arbitrary } from 'fast-check';
import { startEmulator, type Emulator, type Fault, type FaultLeg } from 'msal-mi-emulator';
import { createAttestationProvider } from 'attestation/index.js';
import { MtlsManagedIdentityCredential, withMtlsPop } from 'core/azure/index.js';
import { readProxyEnvironment } from 'core/config.js';
import { createDownstreamApi } from 'core/identity-web/index.js';
import {
  BoundConfidentialClient,
  createAuthorizationHeader,
  createManagedIdentityAssertion,
  createMtlsFetch,
  isMsalMiError,
  ManagedIdentityApplication,
} from 'core/index.js';
import { instrument } from 'core/otel/index.js';
import { proxyFor } from 'core/platform/win32/proxy.js';
import {
  createCertificateSource,
  createMtlsPopAuthenticator,
  fastifyMtlsPop,
  requireMtlsPop,
  verifyMtlsPop,
} from 'core/resource-server/index.js';
import { boundClient, GRAPH_SCOPES } from '../support/fic.js';
import { EmulatedAttestation, IsolatedPlatform } from '../support/isolated-platform.js';
import { softwareRequest, VAULT, withEnvironment, World } from '../support/world.js';

const RUNS = Number(process.env['MSAL_MI_PROPERTY_RUNS'] ?? (process.env['MSAL_MI_TESTS'] === 'quick' ? 15 : 100));
const PATIENCE_MS = 20_000;
const DEEP = 20_000;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => {
  world = world.fresh();
});
afterAll(() => world.close());

const thrower = (): never => {
  throw new RangeError('theirs');
};
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const THROWING_PROXY = { get: thrower, has: thrower, ownKeys: thrower, getPrototypeOf: thrower };
const CYCLE: { self?: unknown } = {};
CYCLE.self = CYCLE;

/** How to make a value: fast-check looks at what it generates, and some of these values cannot be looked at. */
type Recipe<T = unknown> = (() => T) & { readonly isRecipe: true };

function recipe<T>(name: string, make: () => T): Recipe<T> {
  return Object.assign(() => make(), { isRecipe: true as const, [fc.toStringMethod]: () => name });
}

const unwrap = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unwrap);
  return typeof value === 'function' && 'isRecipe' in value ? (value as Recipe)() : value;
};

const PRIMITIVES: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  NaN,
  Infinity,
  2 ** 53,
  10n,
  Symbol('a'),
];
const TEXTS = ['', ' ', '\0', '\ud800', 'a\r\nb: c', '{', '{}', '__proto__', 'https://a@b', 'https://localhost:1/'];
const LONG = ['x'.repeat(300_000), '('.repeat(DEEP), `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`];
class Sly extends Error {
  override get message(): string {
    return thrower();
  }
}
/** Things that look like one thing and behave like another. */
const OBJECTS: Readonly<Record<string, () => unknown>> = {
  'an empty object': () => ({}),
  'an empty array': () => [],
  'a mixed array': () => [undefined, null, thrower, {}],
  'an object without prototype': () => Object.create(null) as unknown,
  'a revoked proxy': revoked,
  'a proxy that throws': () => new Proxy({}, THROWING_PROXY),
  'an array that throws': () => new Proxy([], { get: thrower }),
  'a function that throws': () => thrower,
  'a function that cannot be called': () => new Proxy(thrower, { get: thrower, apply: thrower }),
  'a function': () => () => undefined,
  'a function that rejects': () => () => Promise.reject(new RangeError('theirs')),
  'what is no text': () => ({ toString: thrower, valueOf: thrower, toJSON: thrower, [Symbol.toPrimitive]: thrower }),
  'a promise that throws': () => ({ then: thrower }),
  'a promise of a revoked proxy': () => ({ then: (resolve: (value: unknown) => void) => resolve(revoked()) }),
  'what cannot be iterated': () => ({ [Symbol.iterator]: thrower, [Symbol.asyncIterator]: thrower }),
  'an invalid date': () => new Date(NaN),
  'an expression': () => /x/y,
  'a URL': () => new URL('https://localhost:1'),
  'a map': () => new Map([['resource', VAULT]]),
  bytes: () => new Uint8Array(3),
  'a circle': () => CYCLE,
  'a getter that throws': () => Object.defineProperty({}, 'x', { get: thrower, enumerable: true }),
  'an error without message': () => new Sly(),
};

const character = fc.constantFrom(
  ...'aB0 "{}[]:,.\\/%=;-_<>',
  '\0',
  '\r',
  '\n',
  '\t',
  '\u202e',
  '\ud800',
  '\u00e9',
  '\ufeff',
  '\u{1f4a9}',
);

const hostileValue: Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PRIMITIVES) },
  { weight: 3, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.constantFrom(...LONG.map((text, n) => recipe(`long text ${n}`, () => text))) },
  { weight: 6, arbitrary: fc.constantFrom(...Object.entries(OBJECTS).map(([name, make]) => recipe(name, make))) },
  { weight: 2, arbitrary: fc.string({ unit: character, maxLength: 40 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);

const HOW = ['value', 'getter', 'throws', 'flips', 'absent'] as const;
const SHAPES = ['plain', 'proxy', 'inherits'] as const;

/** Objects that look right but for some of their members. */
function hostileMembers(good: Readonly<Record<string, unknown>>): Arbitrary<unknown> {
  const name = fc.constantFrom(...Object.keys(good), 'unknown');
  const changes = fc.array(fc.tuple(name, fc.constantFrom(...HOW), hostileValue), { maxLength: 3 });
  const changed = fc
    .tuple(changes, fc.constantFrom(...SHAPES))
    .map(([list, shape]) => recipe(`${shape} ${fc.stringify(list)}`, () => changedObject(good, list, shape)));
  return fc.oneof({ weight: 5, arbitrary: changed }, { weight: 1, arbitrary: hostileValue });
}

function changedObject(
  good: Readonly<Record<string, unknown>>,
  changes: ReadonlyArray<readonly [name: string, how: (typeof HOW)[number], value: unknown]>,
  shape: (typeof SHAPES)[number],
): object {
  const options: Record<string, unknown> = { ...good };
  for (const [name, how, made] of changes) {
    const value = unwrap(made);
    let asked = 0;
    const kinds = {
      value: { value },
      getter: { get: () => value },
      throws: { get: thrower },
      flips: { get: () => ((asked += 1) === 1 ? good[name] : value) },
      absent: { value: undefined },
    };
    Object.defineProperty(options, name, { ...kinds[how], enumerable: true, configurable: true });
  }
  if (shape === 'proxy') return new Proxy(options, {});
  return shape === 'inherits' ? (Object.create(options) as object) : options;
}

interface Allowed {
  readonly signal?: unknown;
  readonly isFetch?: boolean;
  /** What callbacks of the caller throw is thrown as it is. */
  readonly theirs?: boolean;
  readonly isEmulator?: boolean;
}

/** Runs `use` and fails for whatever it ends in that it may not. */
async function expectOurs(use: () => unknown, allowed: Allowed = {}): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('It neither returned nor threw.')), PATIENCE_MS);
  });
  try {
    await Promise.race([Promise.resolve().then(use), late]);
  } catch (error) {
    const reason = Object(allowed.signal) as { reason?: unknown };
    if (isMsalMiError(error)) {
      expect(error.message).not.toContain('theirs');
      return;
    }
    if (allowed.isFetch === true && isTypeError(error)) return;
    if (
      allowed.isEmulator === true &&
      error instanceof TypeError &&
      !/read only|not a function|undefined/.test(error.message)
    )
      return;
    if (allowed.theirs === true && /^theirs$|has been revoked$/.test((error as Error).message)) return;
    if (allowed.signal instanceof AbortSignal && error === reason.reason) return;
    throw new Error('What was thrown is not ours.', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Those of the platform are of another realm than those of a test. */
const isTypeError = (error: unknown): boolean => types.isNativeError(error) && error.name === 'TypeError';

/** Once for each of `RUNS` values. */
function property<T>(what: string, arbitrary: Arbitrary<T>, check: (value: T) => Promise<void>, runs = RUNS): void {
  const made = (value: T) => check(unwrap(value) as T);
  test(
    what,
    async () => {
      await fc.assert(fc.asyncProperty(arbitrary, made), { numRuns: runs });
    },
    600_000,
  );
}

const application = () => world.application({ system: { disableInternalRetries: true } });
const untyped = <T>(value: unknown): T => value as T;

describe('options', () => {
  const configuration = hostileMembers({
    managedIdentityIdParams: undefined,
    clientCapabilities: ['cp1'],
    attestationProvider: undefined,
  });
  const system = hostileMembers({
    ca: undefined,
    disableInternalRetries: true,
    timeout: 5_000,
    loggerOptions: { logLevel: 4, loggerCallback: () => undefined },
    networkClient: undefined,
  });
  const tokenRequest = hostileMembers({
    ...softwareRequest(),
    claims: undefined,
    claimsFromClient: '{"a":1}',
    correlationId: 'a',
    forceRefresh: true,
    signal: undefined,
    withAttestationSupport: undefined,
  });

  property('ManagedIdentityApplication', fc.tuple(configuration, hostileValue), async ([given]) => {
    await expectOurs(() => new ManagedIdentityApplication(untyped(given)));
  });
  property('ManagedIdentityApplication: system', system, async (given) => {
    await expectOurs(async () => {
      const app = withEnvironment(
        { AZURE_POD_IDENTITY_AUTHORITY_HOST: world.emulator.imdsUrl },
        () =>
          new ManagedIdentityApplication(
            { system: untyped(given) },
            { state: world.state, platform: world.platform, clock: world.clock },
          ),
      );
      app.getManagedIdentitySource();
      app.clearCache();
      await app.acquireToken(softwareRequest());
    });
  });
  property('acquireToken', tokenRequest, async (request) => {
    await expectOurs(() => application().acquireToken(untyped(request)), {});
  });
  property('getManagedIdentityCapabilities', hostileMembers({ refresh: true, signal: undefined }), async (query) => {
    await expectOurs(() => application().getManagedIdentityCapabilities(untyped(query)));
  });
  property('createAuthorizationHeader', hostileMembers({ tokenType: 'mtls_pop', accessToken: 'a' }), async (result) => {
    await expectOurs(() => createAuthorizationHeader(untyped(result)));
  });
  property('isMsalMiError', hostileValue, async (value) => {
    await expectOurs(() => isMsalMiError(value));
  });
  property(
    'createMtlsFetch, and what it returns',
    fc.tuple(
      hostileMembers({
        resource: VAULT,
        minStrength: 1,
        allowedHosts: ['localhost'],
        headers: { 'x-a': 'b' },
        withAttestationSupport: false,
      }),
      hostileMembers({
        method: 'POST',
        headers: { 'x-b': 'c' },
        body: 'x',
        redirect: 'manual',
        signal: undefined,
        duplex: 'half',
      }),
      fc.oneof(fc.constant<unknown>('https://localhost:1/'), hostileValue),
    ),
    async ([options, init, input]) => {
      await expectOurs(
        async () => {
          const fetch = createMtlsFetch(application(), untyped(options));
          for (let calls = 0; calls < 2; calls += 1) await fetch(untyped(input), untyped(init)).catch(thrownByFetch);
        },
        { isFetch: true, signal: undefined },
      );
    },
  );
  property(
    'binding.fetch and binding.tlsOptions',
    fc.tuple(
      hostileMembers({ method: 'PUT', headers: { 'x-b': 'c' }, body: 'x', signal: undefined }),
      fc.oneof(fc.constant<unknown>('https://localhost:1/'), hostileValue),
    ),
    async ([init, input]) => {
      const { binding } = await application().acquireToken(softwareRequest());
      binding.tlsOptions();
      await expectOurs(() => binding.fetch(untyped(input), untyped(init)), { isFetch: true });
    },
  );
  property(
    'createManagedIdentityAssertion, and what it returns',
    fc.tuple(
      hostileMembers({ audience: undefined, minStrength: 1, withAttestationSupport: false }),
      fc.oneof({ weight: 3, arbitrary: fc.constant<unknown>('app') }, { weight: 1, arbitrary: hostileValue }),
      hostileMembers({ clientId: 'a', correlationId: 'b', signal: undefined }),
    ),
    async ([options, app, context]) => {
      await expectOurs(async () => {
        const assert = createManagedIdentityAssertion(untyped(app === 'app' ? application() : app), untyped(options));
        await assert(untyped(context));
      });
    },
  );
  const authority = () => `${world.emulator.tokenUrl}/${world.emulator.tenantId}`;
  property(
    'BoundConfidentialClient',
    fc.tuple(
      hostileMembers({
        clientId: 'client',
        authority: 'https://login.microsoftonline.com/t',
        clientAssertion: () => undefined,
        clientCapabilities: ['cp1'],
      }),
      system,
      hostileMembers({ auth: undefined, system: undefined }),
    ),
    async ([auth, ofSystem, whole]) => {
      await expectOurs(() => new BoundConfidentialClient(untyped({ auth, system: ofSystem })));
      await expectOurs(() => new BoundConfidentialClient(untyped(whole)));
    },
  );
  property(
    'acquireTokenByClientCredential',
    hostileMembers({
      scopes: GRAPH_SCOPES,
      azureRegion: undefined,
      tenantId: undefined,
      claims: undefined,
      claimsFromClient: undefined,
      skipCache: true,
      correlationId: 'a',
      signal: undefined,
      mtlsProofOfPossession: true,
    }),
    async (request) => {
      await expectOurs(() =>
        boundClient(world, {
          auth: { authority: authority() },
          system: { ca: world.emulator.ca, disableInternalRetries: true },
        }).acquireTokenByClientCredential(untyped(request)),
      );
    },
  );
  property(
    'what an assertion callback returns',
    fc.tuple(
      hostileMembers({
        assertion: 'a.b.c',
        assertionType: 'urn:ietf:params:oauth:client-assertion-type:jwt-pop',
        binding: undefined,
      }),
    ),
    async ([returned]) => {
      const client = boundClient(world, { auth: { authority: authority(), clientAssertion: () => untyped(returned) } });
      await expectOurs(() => client.acquireTokenByClientCredential({ scopes: GRAPH_SCOPES }), { theirs: true });
    },
  );
  property(
    'MtlsManagedIdentityCredential and withMtlsPop',
    fc.tuple(
      hostileMembers({
        application: undefined,
        withAttestationSupport: undefined,
        minStrength: 1,
        allowedHosts: undefined,
        system: undefined,
        clientCapabilities: undefined,
      }),
      fc.oneof(fc.constant<unknown>(`${VAULT}/.default`), hostileValue),
      hostileMembers({
        enableCae: true,
        claims: undefined,
        tenantId: undefined,
        abortSignal: undefined,
        requestOptions: { timeout: 1_000 },
      }),
    ),
    async ([options, scopes, tokenOptions]) => {
      await expectOurs(() => new MtlsManagedIdentityCredential(untyped(options)));
      const credential = new MtlsManagedIdentityCredential({ application: application(), minStrength: 1 });
      await expectOurs(() => credential.getToken(untyped(scopes), untyped(tokenOptions)), { theirs: true });
      await expectOurs(() => void withMtlsPop(credential, untyped(options)));
      await expectOurs(() => void withMtlsPop(untyped(scopes), {}));
    },
  );
  property(
    'createDownstreamApi, and what it returns',
    fc.tuple(
      hostileMembers({
        AzureAd: undefined,
        Api: {
          BaseUrl: 'https://localhost:1/',
          Scopes: [`${VAULT}/.default`],
          ProtocolScheme: 'MTLS_POP',
          MinStrength: 'Software',
          AcquireTokenOptions: { ManagedIdentity: {} },
        },
      }),
      hostileMembers({ system: undefined, application: undefined }),
      hostileMembers({
        HttpMethod: 'POST',
        body: 'x',
        headers: { 'x-a': 'b' },
        signal: undefined,
        RelativePath: 'a',
        Scopes: undefined,
      }),
      fc.oneof({ weight: 4, arbitrary: fc.constant<unknown>('Api') }, { weight: 1, arbitrary: hostileValue }),
    ),
    async ([configured, options, overrides, name]) => {
      await expectOurs(() => createDownstreamApi(untyped(configured), untyped(options)));
      await expectOurs(
        async () => {
          const api = createDownstreamApi(untyped(configured), { application: application() });
          await api.createAuthorizationHeaderForApp(untyped(name), untyped(overrides)).catch(thrownByFetch);
          await api.callApiForApp(untyped(name), untyped(overrides));
        },
        { isFetch: true },
      );
    },
  );
  property(
    'resource-server',
    fc.tuple(
      hostileMembers({
        issuer: 'i',
        audience: 'a',
        jwks: thrower,
        clockToleranceSeconds: 0,
        requiredClaims: [],
        maxKeySetAgeSeconds: 600,
        loggerOptions: { loggerCallback: thrower },
        forwardedCertificate: undefined,
      }),
      hostileMembers({ header: 'x', format: 'nginx', trustedProxies: ['10.0.0.1'] }),
      hostileMembers({ authorization: 'mtls_pop a.b.c', peerCertificate: new Uint8Array(2) }),
      hostileMembers({ headers: { authorization: 'mtls_pop a.b.c' }, socket: {} }),
    ),
    async ([options, forwarded, input, request]) => {
      await expectOurs(() => createMtlsPopAuthenticator(untyped(options)));
      await expectOurs(() => createMtlsPopAuthenticator(untyped(options))(untyped(request)));
      await expectOurs(() => createCertificateSource(untyped(forwarded)));
      await expectOurs(() => verifyMtlsPop(untyped(input), untyped(options)));
      await expectOurs(() => void requireMtlsPop(untyped(options))(request, input, () => undefined));
      await expectOurs(
        () =>
          new Promise<void>((resolve, reject) =>
            fastifyMtlsPop(request, untyped(options), (error) => (error === undefined ? resolve() : reject(error))),
          ),
      );
    },
  );
  property('instrument', hostileMembers({ tracerProvider: undefined, meterProvider: undefined }), async (options) => {
    await expectOurs(() => instrument(untyped(options))());
  });
  property(
    'createAttestationProvider, and what it returns',
    fc.tuple(
      hostileMembers({
        libraryPath: 'C:\\a.dll',
        requireSignedLibrary: true,
        requireLibrarySha256: undefined,
        logger: undefined,
        clock: Date,
      }),
      hostileMembers({
        endpoint: 'https://maa.example',
        clientId: 'a',
        cacheKey: 'b',
        key: { providerName: 'a', keyName: 'b', scope: 'user' },
        forceRefresh: true,
        signal: undefined,
        onLog: undefined,
      }),
    ),
    async ([options, request]) => {
      await expectOurs(() => createAttestationProvider(untyped(options)));
      const provider = createAttestationProvider();
      await expectOurs(() => provider.attest(untyped(request)));
      await expectOurs(() => provider.probe());
    },
  );
});

/** The second call of a function is made whatever the first one ends in. */
function thrownByFetch(error: unknown): void {
  if (!isMsalMiError(error) && !isTypeError(error)) throw new Error('What was thrown is not ours.', { cause: error });
}

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
    Object.fromEntries(
      [
        'IDENTITY_ENDPOINT',
        'IDENTITY_HEADER',
        'IDENTITY_SERVER_THUMBPRINT',
        'IMDS_ENDPOINT',
        'MSI_ENDPOINT',
        'MSI_SECRET',
        'MSAL_MI_DISABLE_PERSISTENT_CERT_CACHE',
        'MSAL_MI_IMDSV2_ALLOWED_HOSTS',
        'NODE_TLS_REJECT_UNAUTHORIZED',
        'MSAL_FORCE_REGION',
        'MSAL_MI_DISABLE_IMDS_V2',
      ].map((name) => [name, text]),
    ),
    { requiredKeys: [] },
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
      world = world.fresh(platform);
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
        sendGetRequestAsync: () => untyped<never>(answer),
        sendPostRequestAsync: () => untyped<never>(answer),
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
      world = world.fresh(new IsolatedPlatform());
      const attest = ({ onLog }: { onLog?: (...args: unknown[]) => void }) => {
        if (how === 'throws') throw returned;
        if (how === 'logs') onLog?.(returned, returned, returned);
        return how === 'rejects' ? Promise.reject(returned as Error) : returned;
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
