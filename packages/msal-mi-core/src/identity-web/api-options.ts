/** Reads the section of one API, and what a call overrides, into one flat and complete set of options. */
import { isLoopbackHost } from '../loopback.js';
import { invalidConfiguration } from '../options/options.js';
import { MsiV2Error } from '../errors.js';
import { MtlsBindingStrength } from '../public-types/constants.js';
import type { Section } from './section.js';

/** Options of one call: the section of the API under the overrides of the call. */
export interface ApiOptions {
  readonly url: URL;
  readonly method: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly contentType: string | undefined;
  readonly token: TokenOptions;
}

/** The part that decides about the token. */
export interface TokenOptions {
  /** The scope without `/.default`. */
  readonly resource: string;
  readonly isBound: boolean;
  /** A bearer token, acquired with the certificate (D33). */
  readonly isBearerOverMtls: boolean;
  readonly requestAppToken: boolean;
  /** Present: the call is made as this identity. An empty client id means the system-assigned one. */
  readonly managedIdentity: { readonly clientId: string } | undefined;
  readonly claims: string | undefined;
  readonly forceRefresh: boolean;
  readonly correlationId: string | undefined;
  readonly withAttestationSupport: boolean;
  readonly minStrength: MtlsBindingStrength;
}

const SCOPE = /^([^\s\p{Cc}]+)\/\.default$/u;
const METHOD = /^[A-Za-z]+$/;

/** @param layers - The section of the API first, then what takes precedence over it. */
export function parseApiOptions(name: string, layers: readonly Section[]): ApiOptions {
  const last = lastOf(layers);
  const token = parseTokenOptions(name, layers);
  const accept = last((section) => section.string('AcceptHeader'));
  return {
    url: parseUrl(name, layers, token.isBound),
    method: parseMethod(
      name,
      last((section) => section.string('HttpMethod')),
    ),
    headers: [
      ...(accept === undefined ? [] : [['accept', accept] as const]),
      ...layers.flatMap((section) => section.dictionary('ExtraHeaderParameters')),
    ],
    contentType: last((section) => section.string('ContentType')),
    token,
  };
}

function parseTokenOptions(name: string, layers: readonly Section[]): TokenOptions {
  const last = lastOf(layers);
  const lastOfAcquire = lastOf(layers.flatMap((section) => section.section('AcquireTokenOptions') ?? []));
  const minStrength = parseStrength(
    name,
    last((section) => section.string('MinStrength')),
  );
  const identity = lastOfAcquire((section) => section.section('ManagedIdentity'));
  const scheme = parseScheme(
    name,
    last((section) => section.string('ProtocolScheme')),
  );
  return {
    resource: parseScope(
      name,
      last((section) => section.strings('Scopes')),
    ),
    isBound: scheme === 'mtls_pop',
    isBearerOverMtls: scheme === 'mtls_bearer',
    requestAppToken: last((section) => section.boolean('RequestAppToken')) ?? true,
    managedIdentity: identity && { clientId: identity.string('UserAssignedClientId') ?? '' },
    claims: lastOfAcquire((section) => section.string('Claims')),
    forceRefresh: lastOfAcquire((section) => section.boolean('ForceRefresh')) ?? false,
    correlationId: lastOfAcquire((section) => section.string('CorrelationId')),
    withAttestationSupport:
      last((section) => section.boolean('WithAttestationSupport')) ?? minStrength === MtlsBindingStrength.KeyGuard,
    minStrength,
  };
}

/** Reads a member from the last section that has it. */
function lastOf(layers: readonly Section[]) {
  return <T>(read: (section: Section) => T | undefined): T | undefined =>
    layers.reduce<T | undefined>((found, section) => read(section) ?? found, undefined);
}

const SCHEMES = ['mtls_pop', 'mtls_bearer', 'bearer'] as const;

function parseScheme(name: string, scheme = 'Bearer'): (typeof SCHEMES)[number] {
  const known = SCHEMES.find((one) => one === scheme.toLowerCase());
  if (known !== undefined) return known;
  throw invalidConfiguration(`${name}:ProtocolScheme must be MTLS_POP, MTLS_BEARER or Bearer.`);
}

function parseStrength(name: string, strength = 'KeyGuard'): MtlsBindingStrength {
  const known = strength.toLowerCase();
  if (known === 'software') return MtlsBindingStrength.Software;
  if (known === 'keyguard') return MtlsBindingStrength.KeyGuard;
  throw invalidConfiguration(`${name}:MinStrength must be Software or KeyGuard.`);
}

function parseMethod(name: string, method = 'GET'): string {
  if (!METHOD.test(method)) throw invalidConfiguration(`${name}:HttpMethod must be the name of an HTTP method.`);
  return method.toUpperCase();
}

function parseScope(name: string, scopes: readonly string[] = []): string {
  const [scope = '', ...others] = scopes;
  const [, resource] = SCOPE.exec(scope) ?? [];
  if (resource !== undefined && others.length === 0) return resource;
  throw new MsiV2Error('invalid_scope', {
    message: `${name}:Scopes must hold exactly one resource followed by /.default: applications get tokens for no other.`,
  });
}

function parseUrl(name: string, layers: readonly Section[], isBound: boolean): URL {
  const last = lastOf(layers);
  const base = parseBaseUrl(
    name,
    last((section) => section.string('BaseUrl')),
    isBound,
  );
  const relative = last((section) => section.string('RelativePath'))?.replace(/^\/+/, '');
  const path = base.pathname.replace(/\/+$/, '');
  const url = new URL(relative === undefined ? base : `${base.origin}${path}/${relative}`);
  for (const section of layers) {
    for (const [key, value] of section.dictionary('ExtraQueryParameters')) url.searchParams.append(key, value);
  }
  return url;
}

function parseBaseUrl(name: string, text: string | undefined, isBound: boolean): URL {
  let base: URL | undefined;
  try {
    base = text === undefined ? undefined : new URL(text);
  } catch {
    // Refused below.
  }
  const isLocal = base?.protocol === 'http:' && isLoopbackHost(base.hostname);
  if (base?.protocol !== 'https:' && (isBound || !isLocal)) {
    throw invalidConfiguration(`${name}:BaseUrl must be an https URL: tokens are not sent in the clear.`);
  }
  if (base === undefined || base.username !== '' || base.password !== '' || base.search !== '' || base.hash !== '') {
    throw invalidConfiguration(`${name}:BaseUrl must be an origin and a path, without user name, query or fragment.`);
  }
  return base;
}
