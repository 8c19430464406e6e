import { X509Certificate } from 'node:crypto';
import { decodeJwt } from 'jose';
import { startEmulator, type Emulator, type TokenNotAfter } from 'msal-mi-emulator';
import { call, mintCredential, requestToken, type Credential } from './support/bound-client.js';

const BEARER_ONLY = 'https://takes-bearer-only.example';
/** 1.3.6.1.4.1.311.90.2.1 in DER. */
const EXTENSION = Buffer.from('060a2b060104018237 5a0201'.replaceAll(' ', ''), 'hex');
let nowMs: number;
let emulator: Emulator;
let credential: Credential;

beforeAll(async () => {
  nowMs = Date.now();
  emulator = await startEmulator({ now: () => nowMs, bearerOnlyAudiences: [BEARER_ONLY] });
  credential = await mintCredential(emulator);
}, 60_000);
afterAll(() => emulator.close());
beforeEach(() => {
  nowMs = Date.now();
  emulator.reset();
});

describe('bearer over mTLS', () => {
  it('issues a token that is bound to nothing for token_type=bearer', async () => {
    const { status, json } = await requestToken(emulator, credential, { token_type: 'bearer' });
    expect([status, json.token_type]).toEqual([200, 'Bearer']);
    expect(decodeJwt(json.access_token as string)).not.toHaveProperty('cnf');
  });

  it('needs the certificate all the same', async () => {
    expect((await requestToken(emulator, credential, { token_type: 'bearer' }, null)).status).toBe(401);
  });

  it('refuses a managed identity that asks for neither kind, and a kind that it does not know', async () => {
    expect((await requestToken(emulator, credential, { token_type: undefined })).json.error_codes).toEqual([9002313]);
    expect((await requestToken(emulator, credential, { token_type: 'pop' })).json.error_codes).toEqual([9002313]);
  });

  it.each([BEARER_ONLY, `${BEARER_ONLY}/`])(
    'refuses a bound token for %s with AADSTS392196, and issues a bearer token',
    async (audience) => {
      const scope = `${audience}/.default`;
      const refused = await requestToken(emulator, credential, { scope });
      expect([refused.status, refused.json.error, refused.json.error_codes]).toEqual([
        400,
        'invalid_request',
        [392196],
      ]);
      expect((await requestToken(emulator, credential, { scope, token_type: 'bearer' })).status).toBe(200);
    },
  );

  it('is all that Azure Resource Manager takes', async () => {
    const { arm } = emulator.resources;
    const scope = `${arm}/.default`;
    expect((await requestToken(emulator, credential, { scope })).json.error_codes).toEqual([392196]);
    const { json } = await requestToken(emulator, credential, { scope, token_type: 'bearer' });
    const ask = (scheme: string, token: unknown) =>
      call(`${arm}/subscriptions?api-version=2022-12-01`, {
        ca: emulator.ca,
        headers: { Authorization: `${scheme} ${String(token)}` },
      });
    expect((await ask('Bearer', json.access_token)).status).toBe(200);
    expect((await ask('mtls_pop', json.access_token)).json.reason).toBe('wrong_scheme');
    const bound = await requestToken(emulator, credential, { scope: 'https://management.azure.com/.default' });
    const refused = await ask('Bearer', bound.json.access_token);
    expect([refused.status, refused.json.reason]).toEqual([401, 'wrong_scheme']);
    expect(refused.headers['www-authenticate']).toContain(`Bearer authorization_uri="${emulator.tokenUrl}/`);
  });
});

describe('token_not_after', () => {
  const withEmulator = async (tokenNotAfter: number | TokenNotAfter, use: (it: Emulator) => Promise<void>) => {
    const short = await startEmulator({ now: () => nowMs, tokenNotAfter, certificateLifetimeSeconds: 82_800 });
    await use(short).finally(() => short.close());
  };

  it.each<[number | TokenNotAfter, number]>([
    [3600, 0x18],
    [{ seconds: 3600 }, 0x18],
    [{ seconds: 3600, as: 'utc-time' }, 0x17],
    [{ seconds: 3600, inSequence: true }, 0x30],
    [{ seconds: 3600, as: 'utc-time', inSequence: true }, 0x30],
  ])('%j is written into certificates, and ends their use at the token endpoint before NotAfter', async (form, tag) => {
    await withEmulator(form, async (short) => {
      const mine = await mintCredential(short);
      const { raw, validTo } = new X509Certificate(mine.cert);
      const value = raw.subarray(raw.indexOf(EXTENSION) + EXTENSION.length);
      expect([value[0], value[2]]).toEqual([0x04, tag]);
      expect(Date.parse(validTo) - nowMs).toBeGreaterThan(82_000_000);
      nowMs += 3_599_000;
      expect((await requestToken(short, mine)).status).toBe(200);
      nowMs += 1_000;
      const { status, json } = await requestToken(short, mine);
      expect([status, json.error, json.error_codes]).toEqual([400, 'invalid_request', [1000901]]);
      expect(json.error_description).toContain('The value of token_not_after extension on the certificate');
    });
  });

  it('is in no certificate unless it is asked for', () => {
    expect(new X509Certificate(credential.cert).raw.includes(EXTENSION)).toBe(false);
  });

  it('can be given to a single certificate, with a life of its own', async () => {
    emulator.fault('issuecredential', [{ certificate: { lifetimeSeconds: 7200, tokenNotAfterSeconds: 60 } }]);
    const short = await mintCredential(emulator);
    expect(Date.parse(new X509Certificate(short.cert).validTo) - nowMs).toBeLessThanOrEqual(7_200_000);
    expect((await requestToken(emulator, short)).status).toBe(200);
    nowMs += 60_000;
    expect((await requestToken(emulator, short)).json.error_codes).toEqual([1000901]);
    expect((await requestToken(emulator, credential)).status).toBe(200);
  });
});
