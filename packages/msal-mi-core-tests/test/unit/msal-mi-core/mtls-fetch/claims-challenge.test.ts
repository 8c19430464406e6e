import { parseClaimsChallenge } from 'core/mtls-fetch/claims-challenge.js';

const CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
const base64 = Buffer.from(CLAIMS).toString('base64');
const parse = (...values: string[]) => {
  const headers = new Headers();
  for (const value of values) headers.append('www-authenticate', value);
  return parseClaimsChallenge(headers);
};

test.each([
  ['Bearer', `Bearer realm="", error="insufficient_claims", claims="${base64}"`],
  ['any case of scheme and parameter', `bEARER ERROR="insufficient_claims", Claims="${base64}"`],
  ['PoP', `PoP error="insufficient_claims", claims="${base64}"`],
  ['mtls_pop', `mtls_pop claims="${base64}"`],
  ['spaces around =', `Bearer error = "insufficient_claims" , claims = "${base64}"`],
  ['a comma inside another parameter', `Bearer error_description="a, claims=\\"x\\"", claims="${base64}"`],
  ['base64url without padding', `Bearer claims="${Buffer.from(CLAIMS).toString('base64url')}"`],
  ['an unquoted value', `Bearer claims=${Buffer.from(CLAIMS).toString('base64url')}`],
  ['another challenge before it', `Negotiate, Basic realm="x", Bearer claims="${base64}"`],
  ['a token68 challenge before it', `Negotiate abc==, Bearer claims="${base64}"`],
])('%s is read', (_name, header) => {
  expect(parse(header)).toBe(CLAIMS);
});

test('of several headers the one with claims is read', () => {
  expect(parse('Bearer error="invalid_token"', `Bearer error="insufficient_claims", claims="${base64}"`)).toBe(CLAIMS);
});

test.each([
  ['no header', ''],
  ['no claims', 'Bearer error="insufficient_claims"'],
  ['another error', `Bearer error="invalid_token", claims="${base64}"`],
  ['another scheme', `Basic claims="${base64}"`],
  ['claims that are not Base64 of JSON', 'Bearer claims="????"'],
  ['claims that are a JSON list', `Bearer claims="${Buffer.from('[]').toString('base64')}"`],
  ['claims inside a quoted text', `Bearer error_description="claims=${base64}"`],
  ['an unfinished quote', `Bearer claims="${base64}`],
])('%s is not a challenge', (_name, header) => {
  expect(parse(header)).toBeUndefined();
});

test('a long hostile header is read in linear time', () => {
  const started = process.cpuUsage().user;
  expect(parse(`Bearer ${'a="\\'.repeat(16_000)}`)).toBeUndefined();
  expect(process.cpuUsage(undefined).user - started).toBeLessThan(2_000_000);
});
