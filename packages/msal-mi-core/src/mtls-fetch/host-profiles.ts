/** What is known about the hosts that accept bound tokens (D30). */

/** How a host wants to be called. Everything not named here is called with TLS 1.2, HTTP/1.1 and no further header. */
export interface HostProfile {
  /** Added to every request that carries a bound token. */
  readonly headers: Readonly<Record<string, string>>;
  /** Host that takes bound tokens in place of this one, which does not. */
  readonly useInstead?: string;
}

// Key Vault and Managed HSM: public cloud, China, US Government, Germany. They ask for the certificate by TLS 1.2
// renegotiation, and only when the request carries this header.
const TOKEN_BOUND_AUTH: HostProfile = { headers: { 'x-ms-tokenboundauth': 'true' } };
const TOKEN_BOUND_AUTH_DOMAINS = [
  'vault.azure.net',
  'vault.azure.cn',
  'vault.usgovcloudapi.net',
  'vault.microsoftazure.de',
  'managedhsm.azure.net',
  'managedhsm.azure.cn',
  'managedhsm.usgovcloudapi.net',
  'managedhsm.microsoftazure.de',
];

const GRAPH: HostProfile = { headers: {}, useInstead: 'mtlstb.graph.microsoft.com' };
const DEFAULT: HostProfile = { headers: {} };

// Audiences whose resources live under other names.
const DOMAINS_OF_AUDIENCE: Readonly<Record<string, readonly string[]>> = {
  'storage.azure.com': [
    'blob.core.windows.net',
    'dfs.core.windows.net',
    'file.core.windows.net',
    'queue.core.windows.net',
    'table.core.windows.net',
    'core.chinacloudapi.cn',
    'core.usgovcloudapi.net',
  ],
  'graph.microsoft.com': ['mtlstb.graph.microsoft.com'],
  'disk.compute.azure.com': ['blob.storage.azure.net'],
  'cosmos.azure.com': ['table.cosmos.azure.com'],
  'search.azure.com': ['search.windows.net'],
  // Two labels: nothing below it would be allowed for its own sake.
  'azconfig.io': ['azconfig.io'],
  'appconfig.azure.com': ['azconfig.io'],
  'api.loganalytics.io': ['api.loganalytics.azure.com'],
  'cognitiveservices.azure.com': ['openai.azure.com', 'services.ai.azure.com', 'api.cognitive.microsofttranslator.com'],
  'ai.azure.com': ['services.ai.azure.com'],
  'ml.azure.com': ['services.ai.azure.com', 'inference.ai.azure.com', 'models.ai.azure.com'],
  'servicebus.azure.net': ['servicebus.windows.net'],
  'eventhubs.azure.net': ['servicebus.windows.net'],
  'purview.azure.net': ['purview.azure.com'],
  'iothubs.azure.net': ['azure-devices.net'],
  'signalr.azure.com': ['service.signalr.net'],
  'batch.core.windows.net': ['batch.azure.com'],
};

/** @param hostname - Lower case, without port, as `URL.hostname` has it. */
export function profileOf(hostname: string): HostProfile {
  if (hostname === 'graph.microsoft.com') return GRAPH;
  return TOKEN_BOUND_AUTH_DOMAINS.some((domain) => isWithin(hostname, domain)) ? TOKEN_BOUND_AUTH : DEFAULT;
}

/**
 * The headers that go with a token: what its host wants, and what the service it is for wants, which may be reached
 * under another name (a private endpoint, an emulator).
 */
export function headersForToken(hostname: string, resource: string): Readonly<Record<string, string>> {
  const audience = URL.canParse(resource) ? new URL(resource).hostname : '';
  return { ...profileOf(audience).headers, ...profileOf(hostname).headers };
}

/** The domains, besides its own, in which the resources of an audience live. */
export function domainsOfAudience(hostname: string): readonly string[] {
  return DOMAINS_OF_AUDIENCE[hostname] ?? [];
}

/** True for the domain itself and for everything below it. */
export function isWithin(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
