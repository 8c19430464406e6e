import { invalidRequest, readable } from '../options/options.js';
import { MsiV2Error } from '../errors.js';
import { domainsOfAudience, isWithin, profileOf } from './host-profiles.js';

/** Throws MsiV2Error `host_not_allowed` for a URL that must not receive the token. */
export type HostCheck = (url: URL) => void;

/**
 * Decides which hosts may receive a token for `resource`.
 *
 * Without `allowedHosts` these are, on the port of the resource: the host of the resource; everything below it, when it
 * has at least three labels (`vault.azure.net` includes `contoso.vault.azure.net`, but `contoso.com` is only itself,
 * for nobody can tell from a short name whose the names below it are); and, for audiences such as
 * `https://storage.azure.com`, the domains where their resources live.
 *
 * With `allowedHosts`, only what it names: a string is a host name, with a leading `*.` everything below it; either on
 * port 443 unless it ends with `:port`. A RegExp must match the whole host name; it allows any port.
 *
 * @throws ManagedIdentityError `invalid_request` for a list with anything else in it, and for a resource that is not
 *   an https URL when there is no list.
 */
export function createHostCheck(resource: string, allowedHosts: unknown): HostCheck {
  const isAllowed =
    allowedHosts === undefined ? familyOf(resource) : readable(invalidRequest, () => anyOf(allowedHosts));
  return (url) => {
    if (allowedHosts === undefined) refuseUnsuitable(url);
    if (isAllowed(url)) return;
    throw new MsiV2Error('host_not_allowed', {
      stage: 'resource',
      message: `The host ${url.host} is not among those that may receive this token.`,
    });
  };
}

function refuseUnsuitable(url: URL): void {
  const { useInstead } = profileOf(url.hostname);
  if (useInstead === undefined) return;
  throw new MsiV2Error('host_not_allowed', {
    stage: 'resource',
    message: `The host ${url.host} does not accept certificate-bound tokens.`,
    remediation: `Use https://${useInstead} instead.`,
  });
}

function familyOf(resource: string): (url: URL) => boolean {
  const own = parseResource(resource);
  const isFamily = own.hostname.split('.').length >= 3 && !isAddress(own.hostname);
  const others = domainsOfAudience(own.hostname);
  return (url) =>
    url.port === own.port &&
    (url.hostname === own.hostname ||
      (isFamily && isWithin(url.hostname, own.hostname)) ||
      others.some((domain) => isWithin(url.hostname, domain)));
}

function parseResource(resource: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(resource);
  } catch {
    // Such as a bare GUID: treated like api://.
  }
  if (url?.protocol === 'https:') return url;
  throw invalidRequest(
    'The resource is not an https URL, so it names no host: allowedHosts has to say who may receive the token.',
  );
}

const isAddress = (hostname: string): boolean => hostname.startsWith('[') || /^[\d.]+$/.test(hostname);

function anyOf(allowedHosts: unknown): (url: URL) => boolean {
  const entries: unknown[] = Array.isArray(allowedHosts) ? [...(allowedHosts as unknown[])] : [];
  if (entries.length === 0) {
    throw invalidRequest('allowedHosts must be a list of host names and regular expressions, and not empty.');
  }
  const checks = entries.map((entry) => {
    if (entry instanceof RegExp) return matchesWhole(entry);
    if (typeof entry === 'string') return matchesName(entry);
    throw invalidRequest('allowedHosts must hold host names and regular expressions only.');
  });
  return (url) => checks.some((check) => check(url));
}

/** As the whole name: /vault\.azure\.net/ does not allow vault.azure.net.example.com. */
function matchesWhole(expression: RegExp): (url: URL) => boolean {
  const whole = new RegExp(`^(?:${expression.source})$`, expression.flags.replace(/[gym]/g, ''));
  return ({ hostname }) => whole.test(hostname);
}

function matchesName(entry: string): (url: URL) => boolean {
  const [, wildcard, name = '', port = ''] =
    /^(\*\.)?([^/\\*?#@\s:]+|\[[\da-f:]+\])(?::(\d{1,5}))?$/i.exec(entry) ?? [];
  const address = `https://${name.replace(/\.$/, '')}${port === '' ? '' : `:${port}`}`;
  const own = URL.canParse(address) ? new URL(address) : undefined;
  if (own === undefined || own.hostname.endsWith('.')) {
    throw invalidRequest(
      `The entry ${JSON.stringify(entry)} of allowedHosts is not a host name such as contoso.vault.azure.net.`,
    );
  }
  return (url) =>
    url.port === own.port &&
    (wildcard === undefined ? url.hostname === own.hostname : url.hostname.endsWith(`.${own.hostname}`));
}
