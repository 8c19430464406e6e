/**
 * Errors only of ours (D29): whatever is passed, what leaves a public function is an MsalMiError,
 * or the reason of the signal, or what `fetch` throws, a TypeError. MSAL_MI_PROPERTY_RUNS is how often each
 * property is tried.
 */
import fc from 'fast-check';
import { createAttestationProvider } from 'attestation/index.js';
import { MtlsManagedIdentityCredential, withMtlsPop } from 'core/azure/index.js';
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
import {
  createCertificateSource,
  createMtlsPopAuthenticator,
  fastifyMtlsPop,
  requireMtlsPop,
  verifyMtlsPop,
} from 'core/resource-server/index.js';
import { errorWith } from '../support/errors.js';
import { boundClient, GRAPH_SCOPES } from '../support/fic.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, VAULT, withEnvironment, World } from '../support/world.js';
import {
  expectOurs,
  hostileMembers,
  hostileValue,
  property,
  thrower,
  thrownByFetch,
  untyped,
} from '../support/hostile.js';

const world = await untilTheEnd(World.start());
afterEach(() => world.renew());

const application = () => world.application({ system: { disableInternalRetries: true } });

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
      await expectOurs(() => {
        requireMtlsPop(untyped(options))(request, input, () => undefined);
      });
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

test.each([5, 'an endpoint', true])('withMtlsPop takes no %p for the options of a client', (options) => {
  const credential = new MtlsManagedIdentityCredential({ minStrength: 1 });

  expect(() => withMtlsPop(credential, untyped(options))).toThrow(errorWith({ errorCode: 'invalid_request' }));
});
