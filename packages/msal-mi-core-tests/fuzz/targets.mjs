/**
 * Every parser of bytes that come from somewhere else. A target turns one input into a result that holds what it promises, or
 * into an error that this project declares; anything else is a defect. `isDeclared` lists what besides MsalMiError is one.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { parseApiOptions } from '../../msal-mi-core/dist/identity-web/api-options.js';
import { parseApplicationSettings } from '../../msal-mi-core/dist/identity-web/application-settings.js';
import { Section } from '../../msal-mi-core/dist/identity-web/section.js';
import { tryBindCertificate } from '../../msal-mi-core/dist/binding/mint.js';
import { issueCredential } from '../../msal-mi-core/dist/imds/issue-credential.js';
import { parseDoctorOptions, UsageError } from '../../msal-mi-core/dist/cli/doctor/options.js';
import { parseConfiguration } from '../../msal-mi-core/dist/config.js';
import { parseClaimsOption } from '../../msal-mi-core/dist/options/options.js';
import { toDotNetJson } from '../../msal-mi-core/dist/crypto/csr.js';
import { readConfirmation, readJwtClaims } from '../../msal-mi-core/dist/crypto/jwt.js';
import { parseCertificate, x5tS256 } from '../../msal-mi-core/dist/crypto/x509.js';
import { createLogger } from '../../msal-mi-core/dist/diagnostics/logger.js';
import { createHostCheck } from '../../msal-mi-core/dist/mtls-fetch/allowed-hosts.js';
import { redact, stringsInJson } from '../../msal-mi-core/dist/secret.js';
import { parseClaimsChallenge } from '../../msal-mi-core/dist/mtls-fetch/claims-challenge.js';
import { nextRequest } from '../../msal-mi-core/dist/fetch/redirect.js';
import { parseMtlsAuthority } from '../../msal-mi-core/dist/fic/mtls-authority.js';
import { decodeFriendlyName, encodeFriendlyName } from '../../msal-mi-core/dist/platform/win32/friendly-name.js';
import { proxyFor } from '../../msal-mi-core/dist/platform/win32/proxy.js';
import { formatHeaders, parseRawHeaders } from '../../msal-mi-core/dist/platform/win32/raw-headers.js';
import { TransportError } from '../../msal-mi-core/dist/ports.js';
import { createCertificateSource, verifyMtlsPop } from '../../msal-mi-core/dist/resource-server/index.js';
import { requestMetadata } from '../../msal-mi-core/dist/imds/metadata.js';
import { mergeClaims } from '../../msal-mi-core/dist/token/claims.js';
import { processTokenResponse } from '../../msal-mi-core/dist/token/token-response.js';
import { jwtLifetime } from '../../msal-key-attestation/dist/jwt-expiry.js';
import {
  CertificateRequestError,
  verifyCertificateRequest,
} from '../../msal-mi-emulator/dist/crypto/certificate-request.js';
import { CUID, IDENTITY, createSeeds } from './seeds.mjs';

const PROXY_ADDRESS = '10.0.0.1';
const AUDIENCE = 'api://orders';
const ISSUER = 'https://login.example/tenant/v2.0';
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
const parseJson = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not this project's parser.
  }
};

export async function createTargets() {
  const { key, certificate, csr, publicKey, jws } = await createSeeds();
  const thumbprint = x5tS256(certificate);
  const nowS = Math.floor(Date.now() / 1_000);
  const token = jws({ iss: ISSUER, aud: AUDIENCE, exp: nowS + 86_400, iat: nowS, cnf: { 'x5t#S256': thumbprint } });
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
  const base64 = Buffer.from(certificate).toString('base64');
  const pem = parseCertificate(certificate).certificate.x5c;
  const forwarded = (format) => {
    const find = createCertificateSource({ header: 'x-cert', format, trustedProxies: [PROXY_ADDRESS] });
    return (value) => {
      const found = find({ headers: { 'x-cert': value }, socket: { remoteAddress: PROXY_ADDRESS } });
      assert(found === undefined || new X509Certificate(found).raw.equals(found));
    };
  };

  return [
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
      seeds: [
        JSON.stringify({
          client_id: IDENTITY.clientId,
          tenant_id: IDENTITY.tenantId,
          certificate: base64,
          identity_type: 'SystemAssigned',
          mtls_authentication_endpoint: 'https://eastus2.mtlsauth.microsoft.com',
        }),
      ],
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
      name: 'authorization header',
      seeds: [`mtls_pop ${token}`],
      isSlow: true,
      async parse(authorization) {
        const options = { issuer: ISSUER, audience: AUDIENCE, jwks: () => Promise.resolve(publicKey) };
        await verifyMtlsPop({ authorization, peerCertificate: certificate }, options);
        assert(authorization.includes(token.slice(0, token.lastIndexOf('.'))), 'accepted what was not signed');
      },
    },
    {
      name: 'certificate (DER)',
      seeds: [Buffer.from(certificate)],
      parse(der) {
        const parsed = parseCertificate(der);
        assert(parsed === undefined || parsed.certificate.x5tS256 === x5tS256(der));
        const binding = tryBindCertificate(key, { ...IDENTITY, endpoint: 'https://e', certificate: der }, false, 0);
        assert(binding === undefined || Buffer.from(parsed.spki).equals(key.spki), 'bound to another key');
      },
    },
    { name: 'certificate of a proxy (RFC 9440)', seeds: [`:${base64}:`], parse: forwarded('client-cert') },
    { name: 'certificate of a proxy (nginx)', seeds: [encodeURIComponent(pem)], parse: forwarded('nginx') },
    { name: 'certificate of a proxy (App Service)', seeds: [base64], parse: forwarded('app-service') },
    {
      name: 'certificate of a proxy (Envoy)',
      seeds: [`Hash=00;Cert="${encodeURIComponent(pem)}";Subject="CN=a, \\"b\\"";URI=`],
      parse: forwarded('envoy'),
    },
    {
      name: 'certificate request',
      seeds: [csr],
      isSlow: true,
      isDeclared: (error) => error instanceof CertificateRequestError,
      parse(der) {
        const requested = verifyCertificateRequest(der.toString('base64'), { ...IDENTITY, cuId: CUID });
        assert(requested.export({ type: 'spki', format: 'der' }).equals(Buffer.from(key.spki)));
      },
    },
    {
      name: 'friendly name',
      seeds: [encodeFriendlyName({ alias: 'system', endpoint: 'https://mtlsauth.microsoft.com/tenant' })],
      parse(name) {
        const decoded = decodeFriendlyName(name);
        if (decoded === undefined) return;
        const encoded = encodeFriendlyName(decoded);
        assert(encoded === undefined || assert.deepEqual(decodeFriendlyName(encoded), decoded) === undefined);
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
    {
      name: 'headers of a request',
      seeds: [JSON.stringify([['accept', 'application/json'], ['x-name', 'value']])], // prettier-ignore
      isDeclared: isTypeError,
      parse(text) {
        const list = parseJson(text);
        const isList =
          Array.isArray(list) &&
          list.every((pair) => Array.isArray(pair) && pair.every((part) => typeof part === 'string'));
        if (!isList || list.some((pair) => pair.length !== 2)) return;
        const lines = formatHeaders(list).split('\r\n');
        assert(lines.length <= list.length + 1, 'one header became two');
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
      name: 'claims',
      seeds: [
        '{"access_token":{"nbf":{"essential":true,"value":"1702682181"}}}',
        '{"id_token":{"a":{"values":[1,2]}}}',
        `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
      ],
      parse(claims) {
        parseClaimsOption('claims', claims);
        const merged = mergeClaims({ claims, claimsFromClient: '{"access_token":{"x":null}}', capabilities: ['cp1'] });
        assert.deepEqual(JSON.parse(merged).access_token.xms_cc, { values: ['cp1'] });
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
      name: 'allowed hosts',
      seeds: ['https://contoso.vault.azure.net/secrets', 'https://vault.azure.net', 'https://evil.example'],
      parse(text) {
        if (!URL.canParse(text)) return;
        const url = new URL(text);
        createHostCheck('https://vault.azure.net', undefined)(url);
        assert.match(url.hostname, /(^|\.)vault\.azure\.net$/);
      },
    },
    {
      name: 'authority',
      seeds: [
        'https://login.microsoftonline.com/contoso.com',
        'https://login.microsoftonline.us/t',
        'https://h.example/dstsv2/t',
      ],
      parse(text) {
        const { authority, baseUrl } = parseMtlsAuthority(text);
        for (const url of [authority, baseUrl(undefined), baseUrl('EastUs2')])
          assert.equal(new URL(url).protocol, 'https:');
      },
    },
    {
      name: 'HTTPS_PROXY and NO_PROXY',
      seeds: [
        'http://proxy.example:8080 localhost,.example,*.net:443',
        'proxy *',
        'http://p 10.0.0.0/8;::1,[::1]:443,<local>',
      ],
      parse(text) {
        const [httpsProxy, ...rest] = text.split(' ');
        const route = proxyFor(new URL('https://vault.azure.net'), { httpsProxy, noProxy: rest.join(' ') });
        assert.match(route, /^(direct|system|[^\s@/]+:\d+)$/);
      },
    },
    {
      name: 'application configuration',
      seeds: [
        JSON.stringify({
          configuration: {
            managedIdentityIdParams: { userAssignedClientId: IDENTITY.clientId },
            clientCapabilities: ['cp1'],
            system: { disableInternalRetries: true, timeout: 1_000, loggerOptions: { logLevel: 3 }, ca: pem },
          },
          host: 'http://127.0.0.1:40342',
        }),
      ],
      parse(text) {
        const { configuration, host } = Object(parseJson(text));
        const parsed = parseConfiguration(configuration, {
          AZURE_POD_IDENTITY_AUTHORITY_HOST: typeof host === 'string' ? host : undefined,
        });
        assert(Object.isFrozen(parsed) && /^https?:\/\/[^/]+$/.test(parsed.imdsBase));
      },
    },
    {
      name: 'JSON of a downstream API',
      seeds: [
        JSON.stringify({
          AzureAd: {
            Instance: 'https://login.microsoftonline.com/',
            TenantId: IDENTITY.tenantId,
            ClientId: IDENTITY.clientId,
            ClientCredentials: [{ SourceType: 'SignedAssertionFromManagedIdentity', ManagedIdentityClientId: '' }],
          },
          Orders: {
            BaseUrl: 'https://api.example/',
            RelativePath: 'orders',
            Scopes: ['api://orders/.default'],
            ProtocolScheme: 'MTLS_POP',
            RequestAppToken: true,
            ExtraHeaderParameters: { 'x-a': 'b' },
            AcquireTokenOptions: { ManagedIdentity: { UserAssignedClientId: IDENTITY.clientId } },
          },
        }),
      ],
      parse(text) {
        const root = new Section('', parseJson(text));
        const { url, token: options } = parseApiOptions('Orders', [
          root.section('Orders') ?? new Section('Orders', {}),
        ]);
        assert(!options.isBound || url.protocol === 'https:');
        parseApplicationSettings(root.section('AzureAd'), options.isBound);
      },
    },
    {
      name: 'arguments of the doctor',
      seeds: ['doctor --json --resource https://vault.azure.net --identity /subscriptions/a/b --url https://a'],
      isDeclared: (error) => error instanceof UsageError,
      parse: (text) => void parseDoctorOptions(text.split(' ').slice(1), { isTty: true, noColour: false }),
    },
  ];
}
