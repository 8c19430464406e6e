/** Where the second leg is sent: the host rules of D31, in one place. */
import { isLoopbackHost } from '../loopback.js';
import { invalidConfiguration, invalidRequest } from '../options/options.js';
import { MsiV2Error } from '../errors.js';

/** A tenant's token service, for clients that authenticate by certificate. */
export interface MtlsAuthority {
  /** As configured, normalised: with a trailing slash. */
  readonly authority: string;
  /** The path segment that names the tenant. */
  readonly tenantId: string;
  /** Base of the token endpoint for a region; undefined means the global host. */
  baseUrl(region: string | undefined): string;
  /** The same host for another tenant. */
  withTenant(tenantId: string): MtlsAuthority;
}

/** Hosts of the public cloud: they share one mtlsauth host. */
const PUBLIC_LOGIN_HOSTS = new Set(['login.microsoftonline.com', 'login.microsoft.com', 'login.windows.net']);
const PUBLIC_MTLS_HOST = 'mtlsauth.microsoft.com';
/** Former names of other clouds: no mtlsauth host was ever made for them. */
const LEGACY_LOGIN_HOSTS = new Set(['login.usgovcloudapi.net', 'login.chinacloudapi.cn']);
/** Everywhere else `login.X` has its counterpart at `mtlsauth.X`. */
const LOGIN_PREFIX = 'login.';
const MTLS_PREFIX = 'mtlsauth.';
/** No tenant: the user who signs in would decide, and nobody does here. `consumers` is a tenant. */
const TENANTLESS = new Set(['common', 'organizations']);
/** Authorities with another protocol in the path. */
const OTHER_PROTOCOLS = new Set(['adfs', 'tfp']);
/** One path segment that stays one: neither `.` nor `..`. */
const TENANT = /^(?!\.{1,2}$)[\w.-]+$/;
/** What a URL parser makes another path of than is written. */
const ANOTHER_PATH = /[\\\p{Cc}]|%(?:2e|2f|5c)|\/\.{1,2}(?:[/?#]|$)/iu;
const REGION = /^[a-zA-Z0-9]+$/;

/**
 * Reads an authority such as `https://login.microsoftonline.com/<tenant>`.
 *
 * Two kinds of authority are used as they are, and have no regions: those of dSTS (`https://<host>/dstsv2/<tenant>`), and
 * those on a loopback host, where an emulator or a tunnel to a private cloud listens.
 *
 * @throws ManagedIdentityError `invalid_configuration` when it is not an https URL; MsiV2Error
 *   `missing_tenanted_authority` for `/common`, `/organizations` or no tenant at all, and
 *   `mtls_pop_not_supported_for_environment` for hosts without certificate-bound tokens.
 */
export function parseMtlsAuthority(authority: unknown): MtlsAuthority {
  const url = parseUrl(authority);
  const segments = url.pathname.split('/').filter((segment) => segment !== '');
  const isDsts = segments[0]?.toLowerCase() === 'dstsv2';
  const [tenantId] = isDsts ? segments.slice(1) : segments;
  if (tenantId !== undefined && OTHER_PROTOCOLS.has(tenantId.toLowerCase())) throw unsupported(url.host);
  const mtlsHost = isDsts || isLoopbackHost(url.hostname) ? undefined : mtlsHostOf(url.hostname);
  if (tenantId === undefined) throw new MsiV2Error('missing_tenanted_authority');
  if (!TENANT.test(tenantId))
    throw invalidConfiguration('The tenant in auth.authority is neither an id nor a domain name.');
  const origin = isDsts ? `${url.origin}/dstsv2` : url.origin;
  const port = url.port === '' ? '' : `:${url.port}`;
  const baseUrl = (region: string | undefined): string => {
    if (mtlsHost === undefined) return origin;
    return `https://${region === undefined ? '' : `${region.toLowerCase()}.`}${mtlsHost}${port}`;
  };
  const forTenant = (tenant: string): MtlsAuthority => ({
    authority: `${origin}/${tenant}/`,
    tenantId: tenant,
    baseUrl,
    withTenant: forTenant,
  });
  refuseTenantless(tenantId);
  return forTenant(tenantId);
}

/**
 * @throws MsiV2Error `invalid_request` when it is not an id or a domain name, `missing_tenanted_authority` for `common` and
 *   `organizations`.
 */
export function parseTenant(name: string, value: unknown): string {
  if (typeof value !== 'string' || !TENANT.test(value)) {
    throw invalidRequest(`${name} must be the id or a domain name of a tenant.`);
  }
  refuseTenantless(value);
  return value;
}

function refuseTenantless(tenantId: string): void {
  if (TENANTLESS.has(tenantId.toLowerCase())) throw new MsiV2Error('missing_tenanted_authority');
}

/** True for the name of an Azure region, as it goes into a host name. */
export function isRegionName(value: unknown): value is string {
  return typeof value === 'string' && REGION.test(value);
}

function mtlsHostOf(hostname: string): string {
  if (PUBLIC_LOGIN_HOSTS.has(hostname)) return PUBLIC_MTLS_HOST;
  const isOfCloud = hostname.startsWith(LOGIN_PREFIX) && !hostname.endsWith('.');
  if (LEGACY_LOGIN_HOSTS.has(hostname) || !isOfCloud) throw unsupported(hostname);
  return MTLS_PREFIX + hostname.slice(LOGIN_PREFIX.length);
}

function parseUrl(authority: unknown): URL {
  const text = typeof authority === 'string' ? authority.trim() : '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:') {
    throw invalidConfiguration(
      'auth.authority must be an https URL such as https://login.microsoftonline.com/<tenant id>.',
    );
  }
  if (ANOTHER_PATH.test(text)) {
    throw invalidConfiguration('auth.authority must be a host and a tenant, without dots or encoded slashes as path.');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw invalidConfiguration('auth.authority must be a host and a tenant, without user name, query or fragment.');
  }
  return url;
}

function unsupported(host: string): MsiV2Error {
  return new MsiV2Error('mtls_pop_not_supported_for_environment', {
    message: `The authority host ${host} has no certificate-bound tokens.`,
  });
}
