import type { X509Certificate } from 'node:crypto';
import type { ClientCertificateDefect } from '../crypto/certificate-authority.js';
import { readTokenNotAfter } from '../crypto/token-not-after.js';
import type { Exchange } from '../http/exchange.js';
import type { World } from '../world.js';
import type { EntraError, EntraRefusal } from './entra-error.js';

/** Makes the error that a refusal becomes. */
export type Refuse = (refusal: EntraRefusal) => EntraError;

/** A parsed token request; parameters are single-valued and non-empty. */
export interface TokenRequest {
  tenantId: string;
  clientId: string;
  audience: string;
  /** Undefined: the request does not say. */
  tokenType: 'mtls_pop' | 'bearer' | undefined;
  parameters: ReadonlyMap<string, string>;
  /** A certificate that this emulator issued to a client and that is valid now. */
  certificate: X509Certificate | undefined;
}

/** Who the client turned out to be. */
export interface AuthenticatedClient {
  clientId: string;
  objectId: string;
  resourceId: string | undefined;
}

const CERTIFICATE_DEFECTS: Readonly<Record<ClientCertificateDefect, { code: number; message: string }>> = {
  not_issued_here: { code: 1000611, message: 'The client certificate was not issued by this emulator.' },
  not_for_clients: { code: 1000612, message: 'The certificate is not meant for client authentication.' },
  expired: { code: 1000610, message: 'The client certificate has expired.' },
  not_yet_valid: { code: 1000610, message: 'The client certificate is not valid yet.' },
};
/** The refusal of a certificate whose extension says that its time for tokens is over (D17). */
export const TOKEN_NOT_AFTER_PASSED: EntraRefusal = {
  error: 'invalid_request',
  code: 1000901,
  message:
    'The provided certificate cannot be used for requesting tokens. The value of token_not_after extension on ' +
    'the certificate should be greater than the current time.',
};

/**
 * Reads a token request, and judges its certificate.
 * @throws EntraError
 */
export function parseTokenRequest(exchange: Exchange, tenantId: string, world: World, refuse: Refuse): TokenRequest {
  if (exchange.method !== 'POST') throw refuse(invalidRequest(900561, 'The endpoint only accepts POST requests.'));
  if (!/^application\/x-www-form-urlencoded\b/i.test(exchange.headers['content-type'] ?? '')) {
    throw refuse(invalidRequest(9002313, 'The body must be application/x-www-form-urlencoded.'));
  }
  if (/^(?:common|organizations)$/i.test(tenantId)) {
    const message = 'No tenant-identifying information found: use a tenant id instead of common or organizations.';
    throw refuse(invalidRequest(50059, message));
  }
  const parameters = readParameters(exchange, refuse);
  const required = (name: string): string => {
    const value = parameters.get(name);
    if (value !== undefined) return value;
    throw refuse(invalidRequest(900144, `The request body must contain the following parameter: '${name}'.`));
  };
  if (required('grant_type') !== 'client_credentials') {
    const message = 'Only client_credentials is supported here.';
    throw refuse({ error: 'unsupported_grant_type', code: 70003, message });
  }
  return {
    tenantId,
    clientId: required('client_id'),
    audience: audienceOf(required('scope'), refuse),
    tokenType: tokenTypeOf(parameters.get('token_type'), refuse),
    parameters,
    certificate: acceptCertificate(exchange.peerCertificate, world, refuse),
  };
}

/** The resource that a request asks a token for, if it can be read at all. */
export function requestedAudience({ body }: Pick<Exchange, 'body'>): string | undefined {
  const scope = new URLSearchParams(body.toString('utf8')).get('scope') ?? '';
  return /^(\S+)\/\.default$/.exec(scope)?.[1];
}

/** A refusal with the OAuth error `invalid_request`. */
export function invalidRequest(code: number, message: string): EntraRefusal {
  return { error: 'invalid_request', code, message };
}

function readParameters(exchange: Exchange, refuse: Refuse): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(exchange.body.toString('utf8'))) {
    if (parameters.has(name)) throw refuse(invalidRequest(9002313, 'A parameter is given more than once.'));
    if (value !== '') parameters.set(name, value);
  }
  return parameters;
}

function audienceOf(scope: string, refuse: Refuse): string {
  const [, audience] = /^(\S+)\/\.default$/.exec(scope) ?? [];
  if (audience !== undefined) return audience;
  const message = 'The scope must be one resource followed by /.default for the client credentials grant.';
  throw refuse({ error: 'invalid_scope', code: 1002012, message });
}

function tokenTypeOf(tokenType: string | undefined, refuse: Refuse): TokenRequest['tokenType'] {
  if (tokenType === undefined || tokenType === 'mtls_pop' || tokenType === 'bearer') return tokenType;
  throw refuse(invalidRequest(9002313, 'The token_type is not supported; mtls_pop and bearer are.'));
}

function acceptCertificate(
  certificate: X509Certificate | undefined,
  world: World,
  refuse: Refuse,
): X509Certificate | undefined {
  if (!certificate) return undefined;
  const defect = world.authority.findDefect(certificate);
  if (defect !== undefined) throw refuse({ error: 'invalid_client', ...CERTIFICATE_DEFECTS[defect] });
  const tokenNotAfter = readTokenNotAfter(certificate);
  if (tokenNotAfter !== undefined && tokenNotAfter <= world.configuration.now()) throw refuse(TOKEN_NOT_AFTER_PASSED);
  return certificate;
}
