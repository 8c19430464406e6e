/** What an operator learns of requests that were refused: a log line and an event each, and never the token. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { X509Certificate } from 'node:crypto';
import { createMtlsPopAuthenticator, requireMtlsPop, type RequireMtlsPopOptions } from 'core/resource-server/index.js';
import { AUDIENCE, ISSUER } from '../support/bound-tokens.js';
import { ResourceServers } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';

const servers = await untilTheEnd(ResourceServers.start());

const events: unknown[] = [];
const listen = (event: unknown) => void events.push(event);
let lines: Array<[level: number, line: string, containsPii: boolean]>;
let reported: Pick<RequireMtlsPopOptions, 'loggerOptions'>;
beforeEach(() => {
  events.length = 0;
  lines = [];
  reported = { loggerOptions: { logLevel: 4, loggerCallback: (...line) => void lines.push(line) } };
  subscribe('msal-mi-core:refusal', listen);
});
afterEach(() => unsubscribe('msal-mi-core:refusal', listen));

const sign = (claims: Record<string, unknown> = {}) => servers.issuer.sign(servers.client.x5tS256, claims);

test('a refusal is one line and one event with the reason, and with issuer and audience that the token claims', async () => {
  const token = await sign({ aud: 'api://other' });
  const origin = await servers.serve({ ...servers.options, ...reported });
  expect((await servers.call(servers.client, `mtls_pop ${token}`, origin)).status).toBe(401);

  expect(lines).toEqual([
    [
      2,
      '[msal-mi] resource server: refused a request: wrong_audience: The token is for another audience. ' +
        `The token claims issuer "${ISSUER}", audience "api://other".`,
      false,
    ],
  ]);
  expect(events).toEqual([
    { version: 1, reason: 'wrong_audience', statusCode: 401, issuer: ISSUER, audience: 'api://other' },
  ]);
});

test.each([
  ['no authorization at all', undefined, 'no_authorization'],
  ['another scheme', 'Bearer x', 'wrong_scheme'],
  ['something that is not a token', 'mtls_pop x', 'malformed_token'],
])('%s is reported once', async (_name, authorization, reason) => {
  await expect(servers.verify(authorization, reported)).rejects.toMatchObject({ reason });
  expect(lines).toHaveLength(1);
  expect(events).toEqual([{ version: 1, reason, statusCode: 401 }]);
});

test('a forwarded certificate that cannot be read is reported once', async () => {
  const forwardedCertificate = { header: 'c', format: 'app-service', trustedProxies: ['127.0.0.1'] } as const;
  const authenticate = createMtlsPopAuthenticator({
    ...servers.options,
    ...reported,
    forwardedCertificate: { ...forwardedCertificate, trustedProxies: ['127.0.0.1'] },
  });
  const request = { headers: { c: 'x' }, socket: { remoteAddress: '127.0.0.1' } };
  await expect(authenticate(request)).rejects.toMatchObject({ reason: 'unreadable_certificate' });
  expect(lines).toHaveLength(1);
  expect(events).toMatchObject([{ reason: 'unreadable_certificate' }]);
});

test('keys that cannot be had are a warning and an event', async () => {
  const jwks = await servers.keySetAnswering((response) => void response.writeHead(500).end());
  const verified = servers.verify(`mtls_pop ${await sign()}`, { ...reported, jwks });
  await expect(verified).rejects.toMatchObject({ errorCode: 'key_set_unavailable' });
  expect(lines).toEqual([[1, expect.stringContaining(`key_set_unavailable: The key set at ${jwks.host}`), false]]);
  expect(events).toEqual([
    { version: 1, reason: 'key_set_unavailable', statusCode: 503, issuer: ISSUER, audience: AUDIENCE },
  ]);
});

test('a request that is served is not reported', async () => {
  await servers.verify(`mtls_pop ${await sign()}`, reported);
  expect([lines, events]).toEqual([[], []]);
});

test('no line and no event holds the token or what it carries besides issuer and audience', async () => {
  const inner = await sign();
  const claims = {
    iss: `${inner}\n[msal-mi] forged "line"`,
    aud: ['a'.repeat(5_000), 'api://\u0000\u2028b', 7, ...Array.from({ length: 500 }, String)],
    appid: 'the-secret-caller',
  };
  const token = await sign(claims);
  const authorization = `mtls_pop ${token}`;
  await expect(servers.verify(authorization, reported)).rejects.toMatchObject({ reason: 'wrong_issuer' });
  const shown = JSON.stringify([lines, events]);
  for (const part of [...token.split('.'), ...inner.split('.')]) expect(shown).not.toContain(part.slice(0, 24));
  expect(shown).not.toContain('the-secret-caller');
  expect(shown.length).toBeLessThan(2_000);
  expect(lines[0]?.[1]).not.toMatch(/[\p{Cc}\u2028]/u);
});

test('a logger and a subscriber that throw change no answer', async () => {
  const loggerCallback = () => {
    throw new Error('no');
  };
  const origin = await servers.serve({ ...servers.options, loggerOptions: { loggerCallback } });
  expect((await servers.call(servers.thief, `mtls_pop ${await sign()}`, origin)).status).toBe(401);
});

test.each([[{ loggerCallback: 1 }], [{ logLevel: 'info' }], ['console']])(
  'logger options %j are refused when the server starts',
  (loggerOptions) => {
    expect(() => requireMtlsPop({ ...servers.options, loggerOptions: loggerOptions as never })).toThrow(
      expect.objectContaining({ errorCode: 'invalid_configuration' }) as Error,
    );
  },
);

test('errors, printed or inspected, hold no certificate and no token', async () => {
  const token = await sign();
  const error: unknown = await servers
    .verify(`mtls_pop ${token}`, { audience: 'api://other' })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ statusCode: 401, reason: 'wrong_audience' });
  const { inspect } = await import('node:util');
  const pem = new X509Certificate(servers.client.certificate.raw).toString();
  for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)]) {
    expect(shown).not.toContain(token.slice(-30));
    expect(shown).not.toContain(pem.slice(60, 90));
  }
});
