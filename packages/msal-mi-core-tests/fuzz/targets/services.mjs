/** What services say: IMDS, Entra ID, and resources. */
import assert from 'node:assert/strict';
import { tryBindCertificate } from '../../../msal-mi-core/dist/binding/mint.js';
import { issueCredential } from '../../../msal-mi-core/dist/imds/issue-credential.js';
import { parseClaimsOption } from '../../../msal-mi-core/dist/options/options.js';
import { toDotNetJson } from '../../../msal-mi-core/dist/crypto/csr.js';
import { readConfirmation, readJwtClaims } from '../../../msal-mi-core/dist/crypto/jwt.js';
import { parseCertificate } from '../../../msal-mi-core/dist/crypto/x509.js';
import { createLogger } from '../../../msal-mi-core/dist/diagnostics/logger.js';
import { redact, stringsInJson } from '../../../msal-mi-core/dist/secret.js';
import { parseClaimsChallenge } from '../../../msal-mi-core/dist/mtls-fetch/claims-challenge.js';
import { nextRequest } from '../../../msal-mi-core/dist/fetch/redirect.js';
import { parseRawHeaders } from '../../../msal-mi-core/dist/platform/win32/raw-headers.js';
import { TransportError } from '../../../msal-mi-core/dist/ports.js';
import { requestMetadata } from '../../../msal-mi-core/dist/imds/metadata.js';
import { processTokenResponse } from '../../../msal-mi-core/dist/token/token-response.js';
import { jwtLifetime } from '../../../msal-key-attestation/dist/jwt-expiry.js';
import { CUID, IDENTITY } from '../seeds.mjs';

/** Deadlines never come. */
const clock = {
  now: () => 1_700_000_000_000,
  monotonicMs: () => 0,
  setBackMs: () => 0,
  sleep: () => new Promise(() => {}),
  random: () => 0.5,
};

const isTypeError = (error) => error instanceof TypeError;
/** `text` as it would be on the wire: one character a byte. */
const latin1 = (text) => Buffer.from(text).toString('latin1');

const answering = (body) => ({
  base: 'http://169.254.169.254',
  identity: { kind: 'system', id: '' },
  http: { send: () => Promise.resolve({ status: 200, headers: { server: 'IMDS/150.870.65.1854' }, body }) },
});
const call = {
  clock,
  log: createLogger(undefined),
  retriesEnabled: true,
  correlationId: 'fuzz',
  signal: undefined,
};

export const serviceTargets = ({ key, base64, thumbprint, token }) => [
  {
    name: 'metadata',
    seeds: [
      JSON.stringify({ ...IDENTITY, cuId: CUID, attestationEndpoint: 'https://sharedeus.eus.attest.azure.net' }),
      JSON.stringify({ ...IDENTITY, cuId: { ...CUID, vmssId: '' }, attestationEndpoint: 'http://127.0.0.1:1' }),
    ],
    async parse(body) {
      const metadata = await requestMetadata(answering(body), { attested: true }, call);
      assert.match(metadata.tenantId, /^[\x20-\x7e]+$/);
      assert.notEqual(metadata.clientId.trim(), '');
      assert(['string', 'object'].includes(typeof JSON.parse(toDotNetJson(metadata.cuId))));
    },
  },
  {
    name: 'issuecredential',
    seeds: [IDENTITY.tenantId, `a${'/'.repeat(30_000)}b`].map((tenantId) =>
      JSON.stringify({
        client_id: IDENTITY.clientId,
        tenant_id: tenantId,
        certificate: base64,
        identity_type: 'SystemAssigned',
        mtls_authentication_endpoint: 'https://eastus2.mtlsauth.microsoft.com',
      }),
    ),
    async parse(body) {
      const request = { csr: 'AA==', evidence: { kind: 'none' }, bypassCache: false, metadata: IDENTITY };
      const issued = await issueCredential(answering(body), request, call);
      assert.equal(new URL(`${issued.endpoint}/${issued.tenantId}/oauth2/v2.0/token`).protocol, 'https:');
      const binding = tryBindCertificate(key, issued, false, 0);
      assert(binding === undefined || Buffer.from(parseCertificate(issued.certificate).spki).equals(key.spki));
    },
  },
  {
    name: 'token response',
    seeds: [
      JSON.stringify({
        token_type: 'mtls_pop',
        access_token: token,
        expires_in: 86_399,
        ext_expires_in: 1,
        refresh_in: '43200',
      }),
      JSON.stringify({
        error: 'invalid_client',
        error_description: 'AADSTS1000901: no',
        error_codes: [1000901],
        claims: '{}',
      }),
    ],
    parse(body) {
      const tokenUrl = `https://mtlsauth.example/${IDENTITY.tenantId}/oauth2/v2.0/token`;
      const expected = { expectedTokenType: 'mtls_pop', x5tS256: thumbprint, secrets: [], tokenUrl };
      const status = body.includes('error') ? 400 : 200;
      const accepted = processTokenResponse({ status, headers: {}, body, hasRetryAfter: false }, expected, call);
      assert(accepted.expiresAtMs > clock.now() && Number.isFinite(accepted.expiresAtMs));
      const confirmation = readConfirmation(accepted.secret);
      assert(confirmation.opaque || confirmation.x5tS256 === thumbprint);
    },
  },
  {
    name: 'JWT',
    seeds: [token],
    parse(text) {
      const claims = readJwtClaims(text);
      assert(claims === undefined || typeof claims === 'object');
      const lifetime = jwtLifetime(text);
      assert(lifetime === undefined || lifetime.expiresAtMs > 0);
    },
  },
  {
    name: 'text of a service in a message',
    seeds: [
      'AADSTS700016: you sent eyJhbGciOiJub25lIn0.e30. for /subscriptions/11111111-2222-3333-4444-555555555555/x',
      'eyJ'.repeat(5_000),
      '-----BEGIN '.repeat(1_000),
      '/a'.repeat(5_000),
      'A1b'.repeat(5_000),
    ],
    parse(text) {
      const said = redact(text, stringsInJson('{"id_token":{"acr":{"value":"clm_7f3a with words"}}}'));
      assert(said.length <= 801 && !said.includes('clm_7f3a with words'));
    },
  },
  {
    name: 'WWW-Authenticate',
    seeds: [
      `Bearer realm="", error="insufficient_claims", claims="${Buffer.from('{"access_token":{}}').toString('base64')}"`,
      'mtls_pop authorization="https://login.example/t", resource="https://vault.azure.net", PoP claims=e30=, Negotiate',
      'Bearer a="'.repeat(1_000),
      `Bearer claims="${'\\"'.repeat(5_000)}`,
    ],
    parse(value) {
      if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(latin1(value))) return; // Headers takes nothing else.
      const claims = parseClaimsChallenge(new Headers({ 'www-authenticate': latin1(value) }));
      if (claims !== undefined) parseClaimsOption('claims', claims);
    },
  },
  {
    name: 'Location header',
    seeds: ['/next?a=b#c', 'https://api.example/next', '//api.example:443/a', 'next'],
    isDeclared: (error) => isTypeError(error) && String(error.cause?.code).startsWith('ERR_REDIRECT_'),
    parse(location) {
      const request = {
        url: new URL('https://api.example/first'),
        method: 'GET',
        headers: new Headers(),
        redirect: 'follow',
      };
      assert.equal(nextRequest(request, 307, latin1(location), 0).url.origin, 'https://api.example');
    },
  },
  {
    name: 'header block of WinHTTP',
    seeds: ['HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n'],
    isDeclared: (error) => error instanceof TransportError,
    parse(block) {
      for (const [name, value] of parseRawHeaders(block).headers) assert(!`${name}${value}`.includes('\r\n'));
    },
  },
];
