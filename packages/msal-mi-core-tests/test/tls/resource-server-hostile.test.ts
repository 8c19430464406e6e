/** Whatever tokens, headers, certificates, requests and options hold: a typed refusal, in linear time, or a good token (D29, D36). */
import fc from 'fast-check';
import { isMsalMiError } from 'core/errors.js';
import {
  createCertificateSource,
  createMtlsPopAuthenticator,
  MtlsPopRefusal,
  MtlsPopUnavailable,
  requireMtlsPop,
  verifyMtlsPop,
  type ForwardedCertificateFormat,
  type RequireMtlsPopOptions,
} from 'core/resource-server/index.js';
import { AUDIENCE, ISSUER } from '../support/bound-tokens.js';
import { ResourceServers } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';

const PROXY = '10.0.0.1';
const FORMATS: readonly ForwardedCertificateFormat[] = ['client-cert', 'nginx', 'envoy', 'app-service'];
/** Seeds differ from run to run; fast-check prints the one that failed. */
const RUNS = { numRuns: 300 };

const servers = await untilTheEnd(ResourceServers.start());
let good: string;
let der: Buffer;
let options: RequireMtlsPopOptions;

beforeAll(async () => {
  good = await servers.issuer.sign(servers.client.x5tS256);
  der = servers.client.certificate.raw;
  ({ options } = servers);
});

const base64url = (text: string) => Buffer.from(text).toString('base64url');
const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.base64String());
const anyJson = fc
  .oneof(
    fc.jsonValue().map((value) => JSON.stringify(value)),
    anyText,
    fc.constant('['),
  )
  .map(base64url);
/** Members of a JOSE header that make verifiers do more, or less. */
const joseHeader = fc
  .record(
    {
      alg: fc.oneof(fc.constantFrom('RS256', 'none', 'HS256', 'ES256', 'EdDSA', 'PS512'), fc.anything()),
      kid: fc.oneof(fc.constantFrom('key-1', '', '__proto__'), fc.jsonValue()),
      crit: fc.oneof(fc.constantFrom(['b64'], ['exp'], []), fc.jsonValue()),
      b64: fc.jsonValue(),
      jku: fc.webUrl(),
      jwk: fc.jsonValue(),
      x5c: fc.jsonValue(),
      zip: fc.jsonValue(),
      typ: fc.jsonValue(),
    },
    { requiredKeys: ['alg'] },
  )
  .map((header) => base64url(JSON.stringify(header)));

/** A good token with one piece put in, taken out or exchanged. */
const mutated = (text: () => string) =>
  fc.tuple(fc.nat(), fc.nat({ max: 40 }), anyText).map(([at, length, piece]) => {
    const whole = text();
    const start = at % (whole.length + 1);
    return whole.slice(0, start) + piece + whole.slice(start + length);
  });

const token = fc.oneof(
  mutated(() => good),
  fc.tuple(joseHeader, anyJson, anyJson).map((parts) => parts.join('.')),
  fc.array(anyJson, { maxLength: 6 }).map((parts) => parts.join('.')),
  fc.tuple(joseHeader).map(([header]) => [header, ...good.split('.').slice(1)].join('.')),
  anyText,
);
const authorization = fc.oneof(
  token.map((text) => `mtls_pop ${text}`),
  fc.tuple(anyText, token).map((parts) => parts.join(' ')),
  anyText,
  fc.anything(),
);
const certificate = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc.constantFrom(undefined, null, 'text', 1, {}, new ArrayBuffer(8), new DataView(new ArrayBuffer(8))),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 8 })).map(([at, bytes]) => {
    const copy = Buffer.from(der);
    copy.set(bytes, at % (copy.length - bytes.length));
    return copy;
  }),
);

/** What may come of hostile input, apart from a good answer. */
function expectTyped(error: unknown): void {
  expect(isMsalMiError(error)).toBe(true);
  const { errorCode, message } = error as { errorCode: string; message: string };
  expect(['invalid_token', 'key_set_unavailable', 'invalid_configuration']).toContain(errorCode);
  expect(message).not.toContain(good.slice(-30));
}

const isGood = (header: unknown) =>
  typeof header === 'string' && /^mtls_pop +/i.test(header) && header.trim().endsWith(good);

test('tokens and certificates', () =>
  fc.assert(
    fc.asyncProperty(authorization, fc.oneof(certificate, fc.constant('the client’s')), async (header, chosen) => {
      const peerCertificate = chosen === 'the client’s' ? der : chosen;
      await verifyMtlsPop({ authorization: header, peerCertificate } as never, options).then(
        () => expect([isGood(header), Buffer.from(peerCertificate as Uint8Array).equals(der)]).toEqual([true, true]),
        expectTyped,
      );
    }),
    RUNS,
  ));

test('claims of tokens that the issuer has signed', () =>
  fc.assert(
    fc.asyncProperty(
      fc.record(
        {
          iss: fc.oneof(fc.constant(ISSUER), fc.jsonValue()),
          aud: fc.oneof(fc.constant(AUDIENCE), fc.constant([AUDIENCE, 1]), fc.jsonValue()),
          exp: fc.oneof(fc.constant(4_000_000_000), fc.jsonValue()),
          nbf: fc.oneof(fc.constant(0), fc.jsonValue()),
          iat: fc.jsonValue(),
          cnf: fc.oneof(fc.record({ 'x5t#S256': fc.jsonValue() }), fc.jsonValue()),
          sub: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
      async (claims) => {
        const signed = await servers.issuer.sign(servers.client.x5tS256, claims as never);
        await servers.verify(`mtls_pop ${signed}`).then(
          ({ thumbprintS256 }) => expect(thumbprintS256).toBe(servers.client.x5tS256),
          (error: unknown) => expect(error).toBeInstanceOf(MtlsPopRefusal),
        );
      },
    ),
    { numRuns: 150 },
  ));

test.each(FORMATS)('headers in the format %s', (format) => {
  const find = createCertificateSource({ header: 'c', format, trustedProxies: [PROXY] });
  const written = {
    'client-cert': () => `:${der.toString('base64')}:`,
    nginx: () => encodeURIComponent(servers.client.certificate.toString()),
    envoy: () => `Hash=00;Cert="${encodeURIComponent(servers.client.certificate.toString())}";URI=""`,
    'app-service': () => der.toString('base64'),
  }[format];
  fc.assert(
    fc.property(fc.oneof(mutated(written), anyText, fc.array(anyText)), (value) => {
      try {
        const found = find({ headers: { c: value }, socket: { remoteAddress: PROXY } });
        if (found !== undefined) expect(found[0]).toBe(0x30);
      } catch (error) {
        expect(error).toBeInstanceOf(MtlsPopRefusal);
        expect(error).toMatchObject({ reason: 'unreadable_certificate' });
      }
    }),
    { numRuns: 1_000 },
  );
});

/** Fails whenever it is looked at. */
const untouchable = new Proxy(
  {},
  {
    get() {
      throw new Error('get');
    },
    has(_target, name) {
      if (typeof name === 'symbol') return false; // fast-check asks for one of its own
      throw new Error('has');
    },
    getPrototypeOf() {
      throw new Error('getPrototypeOf');
    },
  },
);
const anyValue = fc.oneof(
  fc.anything({ withNullPrototype: true, withBigInt: true, withTypedArray: true, withMap: true, withDate: true }),
  fc.constant(0).map(() => untouchable),
  fc.constant(() => undefined),
);
const request = fc.oneof(
  anyValue,
  fc.record({ headers: anyValue, socket: anyValue }),
  fc.record({ headers: fc.record({ authorization, c: anyValue }), socket: fc.record({ remoteAddress: anyValue }) }),
);

test('requests', () => {
  const authenticate = createMtlsPopAuthenticator({
    ...options,
    forwardedCertificate: { header: 'c', format: 'envoy', trustedProxies: [PROXY] },
  });
  return fc.assert(
    fc.asyncProperty(request, async (req) => {
      const outcome = await authenticate(req as never).catch((error: unknown) => error);
      expectTyped(outcome);
    }),
    RUNS,
  );
});

test('requests, responses and functions to go on with, of no framework', () => {
  const middleware = requireMtlsPop(options) as (...args: unknown[]) => unknown;
  const response = fc.oneof(anyValue, fc.record({ setHeader: anyValue, end: anyValue, headersSent: anyValue }));
  return fc.assert(
    fc.asyncProperty(request, response, anyValue, fc.boolean(), async (req, res, other, hasNext) => {
      const passed: unknown[] = [];
      middleware(req, res, hasNext ? (...args: unknown[]) => passed.push(args[0]) : other);
      await new Promise(setImmediate);
      passed.forEach(expectTyped);
    }),
    RUNS,
  );
});

test('options', () =>
  fc.assert(
    fc.property(
      fc.oneof(
        anyValue,
        fc
          .record(
            {
              issuer: anyValue,
              audience: anyValue,
              jwks: anyValue,
              clockToleranceSeconds: anyValue,
              requiredClaims: anyValue,
              maxKeySetAgeSeconds: anyValue,
              loggerOptions: anyValue,
              forwardedCertificate: fc.oneof(
                anyValue,
                fc.record({ header: anyValue, format: anyValue, trustedProxies: anyValue }),
              ),
            },
            { requiredKeys: [] },
          )
          .chain((changes) =>
            fc.constantFrom(changes, { issuer: 'i', audience: 'a', jwks: () => undefined, ...changes }),
          ),
      ),
      (given) => {
        try {
          requireMtlsPop(given as never);
        } catch (error) {
          expect(isMsalMiError(error)).toBe(true);
          expect(error).toMatchObject({ errorCode: 'invalid_configuration' });
        }
      },
    ),
    RUNS,
  ));

test('options are read once', async () => {
  let reads = 0;
  const once = {
    ...options,
    get issuer() {
      reads += 1;
      return reads === 1 ? ISSUER : '';
    },
  };
  const authenticate = createMtlsPopAuthenticator(once);
  const read = reads;
  await authenticate({ headers: {}, socket: {} }).catch(() => undefined);
  expect([read, reads]).toEqual([1, 1]);
});

describe('a megabyte of the worst', () => {
  const LENGTH = 1 << 20;
  /** A quadratic step takes a hundred thousand times as long. */
  const MOST_PASSES = 100;
  const times = (piece: string) => piece.repeat(Math.ceil(LENGTH / piece.length));
  const WORST: Array<[string, string]> = [
    ['one letter', times('a')],
    ['white space', `mtls_pop${times(' ')}x`],
    ['schemes', times('mtls_pop ')],
    ['equals signs', `mtls_pop ${times('=')}x`],
    ['dots', `mtls_pop ${times('.')}`],
    ['nested JSON', `mtls_pop ${base64url('{"alg":"RS256"}')}.${base64url(times('['))}.AA`],
    ['a long claim', `mtls_pop ${base64url('{"alg":"RS256"}')}.${base64url(`{"iss":"${times('eyJ')}"}`)}.AA`],
    ['open quotations', times(';Cert="')],
    ['escaped quotations', `Cert="${times('\\"')}`],
    ['escaped escapes', `Cert="${times('\\')}`],
    ['separators', times(';')],
    ['elements', times('Cert="";')],
    ['percent signs', times('%')],
    ['escapes', times('%2D')],
    ['dashes', times('-')],
    ['starts of certificates', times('-----BEGIN CERTIFICATE-----')],
    ['a certificate without end', `-----BEGIN CERTIFICATE-----${times('A')}`],
    ['Base64', `:${times('AAAA')}:`],
    ['colons', times(':')],
  ];
  const READERS: Array<[string, (text: string) => unknown]> = [
    ['verifyMtlsPop', (authorization) => verifyMtlsPop({ authorization, peerCertificate: der }, options)],
    ...FORMATS.map((format): [string, (text: string) => unknown] => {
      const find = createCertificateSource({ header: 'c', format, trustedProxies: [PROXY] });
      return [format, (c) => find({ headers: { c }, socket: { remoteAddress: PROXY } })];
    }),
  ];

  /** Of the processor: what others do on the machine does not count. */
  const timeOf = async (work: () => unknown) => {
    const before = process.cpuUsage();
    try {
      await work();
    } catch (error) {
      if (!(error instanceof MtlsPopRefusal || error instanceof MtlsPopUnavailable)) throw error;
    }
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const fastest = async (work: () => unknown) => {
    const found: number[] = [];
    for (let n = 0; n < 3; n += 1) found.push(await timeOf(work));
    return Math.min(...found);
  };

  let plainPassUs = 0;
  beforeAll(async () => {
    const text = times('plain text ');
    plainPassUs = await fastest(() => {
      let spaces = 0;
      for (const character of text) if (character === ' ') spaces += 1;
      return spaces;
    });
  });

  describe.each(READERS)('for %s', (_reader, read) => {
    test.each(WORST)('takes as long as a plain pass, or some: %s', async (_what, text) => {
      expect(await fastest(() => read(text))).toBeLessThan(plainPassUs * MOST_PASSES);
      // What is short enough to be read at all.
      expect(await fastest(() => read(text.slice(0, 64 * 1024)))).toBeLessThan(plainPassUs * MOST_PASSES);
    });
  });
});
