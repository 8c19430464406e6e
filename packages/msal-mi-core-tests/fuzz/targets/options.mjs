/** What applications and their operators say: options, configuration, environment variables, arguments. */
import assert from 'node:assert/strict';
import { parseApiOptions } from '../../../msal-mi-core/dist/identity-web/api-options.js';
import { parseApplicationSettings } from '../../../msal-mi-core/dist/identity-web/application-settings.js';
import { Section } from '../../../msal-mi-core/dist/identity-web/section.js';
import { parseDoctorOptions, UsageError } from '../../../msal-mi-core/dist/cli/doctor/options.js';
import { parseConfiguration } from '../../../msal-mi-core/dist/config.js';
import { HeaderList } from '../../../msal-mi-core/dist/fetch/header-list.js';
import { parseClaimsOption } from '../../../msal-mi-core/dist/options/options.js';
import { createHostCheck } from '../../../msal-mi-core/dist/mtls-fetch/allowed-hosts.js';
import { parseMtlsAuthority } from '../../../msal-mi-core/dist/fic/mtls-authority.js';
import { proxyFor } from '../../../msal-mi-core/dist/platform/win32/proxy.js';
import { formatHeaders } from '../../../msal-mi-core/dist/platform/win32/raw-headers.js';
import { mergeClaims } from '../../../msal-mi-core/dist/token/claims.js';
import { IDENTITY } from '../seeds.mjs';

const isTypeError = (error) => error instanceof TypeError;
const parseJson = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not this project's parser.
  }
};

export const optionTargets = ({ pem }) => [
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
    name: 'headers of a request',
    seeds: [
      JSON.stringify([['accept', 'application/json'], ['x-name', 'value']]), // prettier-ignore
      JSON.stringify([['x-name', `a${' '.repeat(30_000)}b`]]),
    ],
    isDeclared: isTypeError,
    parse(text) {
      const list = parseJson(text);
      const isList =
        Array.isArray(list) &&
        list.every((pair) => Array.isArray(pair) && pair.every((part) => typeof part === 'string'));
      if (!isList || list.some((pair) => pair.length !== 2)) return;
      const lines = formatHeaders(list).split('\r\n');
      assert(lines.length <= list.length + 1, 'one header became two');
      for (const [, value] of HeaderList.from(Object.fromEntries(list)))
        assert.doesNotMatch(value, /^[\t\n\r ]|[\t\n\r ]$/);
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
      const { url, token: options } = parseApiOptions('Orders', [root.section('Orders') ?? new Section('Orders', {})]);
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
