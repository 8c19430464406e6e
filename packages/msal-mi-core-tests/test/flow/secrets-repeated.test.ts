/**
 * What a service or a plug-in repeats shows up in nothing that people read (D29): each kind of secret, each place
 * of an answer.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import fc from 'fast-check';
import type { Fault, FaultLeg } from 'msal-mi-emulator';
import { TRACED } from 'core/diagnostics/channels.js';
import type {
  AttestationProvider,
  INetworkModule,
  ManagedIdentityConfiguration,
  MtlsPopRequestParams,
} from 'core/public-types.js';
import { IsolatedPlatform } from '../support/isolated-platform.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World, softwareRequest } from '../support/world.js';

const SEED = 20_261_122;
const RUNS = 2;
const RETRY_AFTER_S = 9;
const CHANNELS = [
  ...TRACED.flatMap((work) =>
    ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((on) => `tracing:msal-mi-core:${work}:${on}`),
  ),
  ...['recovery', 'background', 'retry'].map((name) => `msal-mi-core:${name}`),
];

const world = await untilTheEnd(World.start({ platform: new IsolatedPlatform() }));

/** All that a person or a log collector gets to see of one call. */
async function everythingVisible(
  world: World,
  configuration: ManagedIdentityConfiguration,
  request: Partial<MtlsPopRequestParams>,
): Promise<{ error: unknown; text: string }> {
  const seen: string[] = [];
  const show = (value: unknown) => void seen.push(inspect(value, { depth: Infinity, showHidden: true }));
  const loggerOptions = {
    logLevel: 4,
    piiLoggingEnabled: true,
    loggerCallback: (_level: number, message: string) => void seen.push(message),
  };
  for (const name of CHANNELS) subscribe(name, show);
  let error: unknown;
  try {
    const system = { ...configuration.system, loggerOptions };
    const result = await world.application({ ...configuration, system }).acquireToken(softwareRequest(request));
    // The token itself is what a result is for: what must not show it are the ways of printing one.
    seen.push(inspect(result, { depth: Infinity, showHidden: true }));
  } catch (failure) {
    error = failure;
    for (let cause: unknown = failure; cause instanceof Error; cause = cause.cause) {
      show(cause);
      seen.push(String(cause), cause.message, cause.stack ?? '', JSON.stringify(cause), inspect(cause));
    }
  } finally {
    for (const name of CHANNELS) unsubscribe(name, show);
  }
  return { error, text: seen.join('\n') };
}

/** Base64url-like, as tokens and keys are, of any length from the shortest that is worth keeping secret. */
const opaque = fc.string({
  unit: fc.constantFrom(...'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789'.split('')),
  minLength: 12,
  maxLength: 200,
});
/** What people write into claims, with characters that JSON escapes. */
const words = fc
  .string({ unit: fc.constantFrom(...'abcdefghij 0123456789"\\/<>&é€\n'.split('')), minLength: 6, maxLength: 60 })
  .map((text) => `w${text}w`);
const jwt = opaque.map((secret) => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part({ secret })}.${Buffer.from(secret).toString('base64url')}`;
});

interface Leak {
  /** Script for the emulator, made of the secrets. */
  readonly faults?: ReadonlyArray<readonly [FaultLeg, Fault]>;
  readonly configuration?: ManagedIdentityConfiguration;
  readonly request?: Partial<MtlsPopRequestParams>;
  /** Besides the given one: what is only known once it has been sent. */
  readonly secrets: readonly string[];
}

const texts = (secret: string) => [secret, JSON.stringify(secret).slice(1, -1)];
const provider = (attest: AttestationProvider['attest']): AttestationProvider => ({
  contractVersion: 1,
  name: 'leaky',
  version: '1.0.0',
  probe: () => Promise.resolve({ libraryLoadable: true }),
  attest,
});
/** Whatever the value: providers are other people's code. */
const rejectingWith =
  (failure: unknown): AttestationProvider['attest'] =>
  () =>
    new Promise((_resolve, reject) => reject(failure));
const attested = { withAttestationSupport: true } as const;
const answering = (token: string) =>
  provider(() => Promise.resolve({ jwt: token, expiresOn: new Date(Date.now() + 1e6) }));
const echoes = (text: string): Fault[] => [
  { status: 400, body: text },
  { status: 403, body: { error: { code: 'Refused', message: `you sent ${text}` } } },
  { status: 400, body: { error: text, error_description: text, message: text } },
  { status: 200, body: text },
  { status: 200, body: { [text]: text } },
];
const tokenEchoes = (text: string): Fault[] => [
  { oauthError: { error: 'invalid_request', error_description: `AADSTS90100: the parameter ${text} is bad` } },
  { oauthError: { error: text, error_description: text } },
  { status: 400, body: { error: 'invalid_grant', suberror: text, error_description: text, error_codes: [text] } },
  { status: 500, body: text },
  {
    status: 429,
    headers: { 'Retry-After': String(RETRY_AFTER_S) },
    body: { error: 'slow_down', error_description: text },
  },
];

/** Ways for a secret to get into what people read. Each returns one scenario for a secret. */
const CLAIMS_LEAKS: ReadonlyArray<readonly [string, (secret: string) => Leak[]]> = [
  [
    'claims that are not a JSON object',
    (secret) =>
      (['claims', 'claimsFromClient'] as const).flatMap((name) =>
        [`${secret}{`, `["${secret}`, JSON.stringify(secret), `{"${secret}":`].map((text) => ({
          request: { [name]: text },
          secrets: texts(secret),
        })),
      ),
  ],
  [
    'claims that the token endpoint repeats',
    (secret) => {
      const claims = JSON.stringify({ access_token: { [secret]: { values: [secret] } } });
      return [...tokenEchoes(secret), ...tokenEchoes(claims)].flatMap((fault) =>
        (['claims', 'claimsFromClient'] as const).map((name) => ({
          faults: [['token', fault] as const, ['token', fault] as const],
          request: { [name]: claims },
          secrets: texts(secret),
        })),
      );
    },
  ],
];

const TOKEN_LEAKS: ReadonlyArray<readonly [string, (secret: string) => Leak[]]> = [
  [
    'a token in an answer that is refused',
    (secret) =>
      [
        { access_token: secret, token_type: 'Bearer', expires_in: 3600 },
        { access_token: secret, expires_in: 3600 },
        { access_token: secret, token_type: 'mtls_pop', expires_in: 'soon' },
        { access_token: secret, token_type: secret, expires_in: 3600 },
        { access_token: [secret], token_type: 'mtls_pop', expires_in: 3600 },
        `{"access_token":"${secret}"`,
      ].map((body) => ({ faults: [['token', { body }] as const], secrets: [secret] })),
  ],
  [
    'a token in an answer that is accepted',
    (secret) => [
      {
        faults: [['token', { body: { access_token: secret, token_type: 'mtls_pop', expires_in: 3600 } }]],
        secrets: [secret],
      },
    ],
  ],
  [
    'a token that the token endpoint repeats in an error',
    (secret) =>
      tokenEchoes(secret).map((fault) => ({
        faults: [['token', fault] as const, ['token', fault] as const],
        secrets: [secret],
      })),
  ],
  [
    'evidence that IMDS repeats',
    (secret) =>
      echoes(secret).map((fault) => ({
        faults: [['issuecredential', fault] as const],
        configuration: { attestationProvider: answering(secret) },
        request: attested,
        secrets: [secret],
      })),
  ],
  [
    'evidence in the error of a provider',
    (secret) =>
      [
        new Error(`the token ${secret} is bad`),
        Object.assign(new Error(secret), { code: secret, errorCode: secret, cause: new Error(secret) }),
        Object.assign(new Error('x'), { name: secret }),
        secret,
      ].map((failure) => ({
        configuration: { attestationProvider: provider(rejectingWith(failure)) },
        request: attested,
        secrets: [secret],
      })),
  ],
  [
    'a certificate that cannot be used',
    (secret) => [
      { faults: [['issuecredential', { patch: { certificate: secret } }]], secrets: [secret] },
      { faults: [['issuecredential', { patch: { certificate: `${secret}!` } }]], secrets: [secret] },
      {
        faults: [['issuecredential', { patch: { mtls_authentication_endpoint: `http://${secret}` } }]],
        secrets: [secret],
      },
      { faults: [['issuecredential', { patch: { certificate: [secret], client_id: secret } }]], secrets: [secret] },
    ],
  ],
];

async function expectNoLeak(
  world: World,
  { faults = [], configuration = {}, request = {}, secrets }: Leak,
): Promise<void> {
  world.emulator.reset();
  for (const [leg, fault] of faults) world.emulator.fault(leg, [fault]);
  const { text } = await everythingVisible(world, configuration, request);
  const leaked = secrets.filter((secret) => text.includes(secret));
  if (leaked.length > 0) {
    const at = text.indexOf(leaked[0]!);
    throw new Error(`leaked: …${text.slice(Math.max(0, at - 200), at + 300)}…`);
  }
}

test.each(CLAIMS_LEAKS)('rules D20, D29: %s show up nowhere', async (_name, leaks) => {
  const property = fc.asyncProperty(words, async (secret) => {
    world.renew();
    for (const leak of leaks(secret)) {
      await expectNoLeak(world, leak);
      world.clock.advance(RETRY_AFTER_S * 1_000);
    }
  });
  await fc.assert(property, { seed: SEED, numRuns: RUNS });
});

test.each(TOKEN_LEAKS)('rules D14, D16, D21, D29: %s shows up nowhere', async (_name, leaks) => {
  const property = fc.asyncProperty(jwt, async (secret) => {
    for (const leak of leaks(secret)) {
      world.renew();
      await expectNoLeak(world, leak);
    }
  });
  await fc.assert(property, { seed: SEED, numRuns: RUNS });
});

test('rule D29: what is really sent and received on the way shows up nowhere, whatever the call ends in', async () => {
  const endings: ReadonlyArray<readonly [FaultLeg, Fault]> = [
    ['token', { status: 400 }],
    ['token', { mutate: 'wrong-cnf' }],
    ['token', { mutate: 'bearer-token-type' }],
    ['issuecredential', { mutate: 'other-key-certificate' }],
    ['issuecredential', { mutate: 'malformed-json' }],
    ['token', { reset: 'mid-body' }],
  ];
  for (const ending of endings) {
    world.renew();
    world.emulator.fault(ending[0], [ending[1]]);
    const { error, text } = await everythingVisible(world, {}, {});
    expect(error).toBeDefined();
    const sent = world.emulator.journal.flatMap(({ body = '', responseBody = '' }) => [body, responseBody]);
    const secrets = sent.flatMap((each) => each.match(/[A-Za-z0-9+/_-]{64,}/g) ?? []);
    expect(secrets.length).toBeGreaterThan(1);
    expect(secrets.filter((secret) => text.includes(secret.slice(0, 60)))).toEqual([]);
  }
});

test('rule D29: a refusal that repeats the certificate request of the call does not show it', async () => {
  world.renew();
  let csr = '';
  const echoing = {
    async sendGetRequestAsync(url: string, options: { headers: Record<string, string> }) {
      const response = await fetch(url, { headers: options.headers });
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
      };
    },
    sendPostRequestAsync(_url: string, options: { body: string }) {
      csr = (JSON.parse(options.body) as { csr: string }).csr;
      return Promise.resolve({ status: 400, headers: {}, body: { error: 'bad_csr', message: `cannot read ${csr}` } });
    },
  };
  const { error, text } = await everythingVisible(
    world,
    { system: { networkClient: echoing as unknown as INetworkModule } },
    {},
  );

  expect(error).toMatchObject({ errorCode: 'managed_identity_request_failed', httpStatus: 400 });
  expect(csr.length).toBeGreaterThan(500);
  expect(text).not.toContain(csr.slice(0, 64));
});
