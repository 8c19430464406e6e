import { randomUUID, X509Certificate } from 'node:crypto';
import type { ClientCertificateDefect } from '../crypto/certificate-authority.js';
import { thumbprintS256 } from '../crypto/thumbprint.js';
import type { Answer, Exchange } from '../http/exchange.js';
import type { World } from '../world.js';
import { issueAccessToken, randomThumbprint, type AccessTokenRequest } from './access-token.js';
import { authenticateByAssertion } from './client-assertion.js';
import { correlationHeaders, EntraError, type EntraRefusal } from './entra-error.js';
import { parseRequestedClaims } from './requested-claims.js';

/** A parsed token request; parameters are single-valued and non-empty. */
export interface TokenRequest {
  tenantId: string;
  clientId: string;
  audience: string;
  isPopRequested: boolean;
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

/**
 * `POST /{tenant}/oauth2/v2.0/token` with the client credentials grant. Without an assertion it is a managed identity: the
 * certificate is the credential and the token is bound to it. With one it is leg 2 of a federated credential (D31).
 * @throws EntraError
 */
export async function answerTokenRequest(exchange: Exchange, tenantId: string, world: World): Promise<Answer> {
  const refuse = (refusal: EntraRefusal): EntraError => new EntraError(refusal, world.configuration.now());
  const request = parseTokenRequest(exchange, tenantId, world, refuse);
  const client = request.parameters.has('client_assertion_type')
    ? authenticateByAssertion(request, world, refuse)
    : authenticateByCertificate(request, world, refuse);
  const requestedClaims = parseRequestedClaims(request.parameters.get('claims') ?? null);
  if (!requestedClaims) throw refuse(invalidRequest(9002313, 'The claims parameter is not a JSON object.'));
  return answer(exchange, world, request.isPopRequested, {
    ...client,
    tenantId,
    audience: request.audience,
    requestedClaims,
    thumbprintS256: request.isPopRequested && request.certificate ? thumbprintS256(request.certificate.raw) : undefined,
  });
}

function parseTokenRequest(
  exchange: Exchange,
  tenantId: string,
  world: World,
  refuse: (refusal: EntraRefusal) => EntraError,
): TokenRequest {
  if (exchange.method !== 'POST') throw refuse(invalidRequest(900561, 'The endpoint only accepts POST requests.'));
  if (!/^application\/x-www-form-urlencoded\b/i.test(exchange.headers['content-type'] ?? '')) {
    throw refuse(invalidRequest(9002313, 'The body must be application/x-www-form-urlencoded.'));
  }
  if (/^(?:common|organizations)$/i.test(tenantId)) {
    const message = 'No tenant-identifying information found: use a tenant id instead of common or organizations.';
    throw refuse(invalidRequest(50059, message));
  }
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(exchange.body.toString('utf8'))) {
    if (parameters.has(name)) throw refuse(invalidRequest(9002313, 'A parameter is given more than once.'));
    if (value !== '') parameters.set(name, value);
  }
  const required = (name: string): string => {
    const value = parameters.get(name);
    if (value !== undefined) return value;
    throw refuse(invalidRequest(900144, `The request body must contain the following parameter: '${name}'.`));
  };
  if (required('grant_type') !== 'client_credentials') {
    throw refuse({
      error: 'unsupported_grant_type',
      code: 70003,
      message: 'Only client_credentials is supported here.',
    });
  }
  return {
    tenantId,
    clientId: required('client_id'),
    audience: audienceOf(required('scope'), refuse),
    isPopRequested: isPopRequested(parameters, refuse),
    parameters,
    certificate: acceptCertificate(exchange.peerCertificate, world, refuse),
  };
}

function audienceOf(scope: string, refuse: (refusal: EntraRefusal) => EntraError): string {
  const [, audience] = /^(\S+)\/\.default$/.exec(scope) ?? [];
  if (audience !== undefined) return audience;
  const message = 'The scope must be one resource followed by /.default for the client credentials grant.';
  throw refuse({ error: 'invalid_scope', code: 1002012, message });
}

function isPopRequested(
  parameters: ReadonlyMap<string, string>,
  refuse: (refusal: EntraRefusal) => EntraError,
): boolean {
  const tokenType = parameters.get('token_type');
  if (tokenType === undefined) return false;
  if (tokenType === 'mtls_pop') return true;
  throw refuse(invalidRequest(9002313, 'The token_type is not supported; only mtls_pop is.'));
}

function acceptCertificate(
  certificate: X509Certificate | undefined,
  world: World,
  refuse: (refusal: EntraRefusal) => EntraError,
): X509Certificate | undefined {
  const defect = certificate && world.authority.findDefect(certificate);
  if (defect === undefined) return certificate;
  throw refuse({ error: 'invalid_client', ...CERTIFICATE_DEFECTS[defect] });
}

function authenticateByCertificate(
  { certificate, clientId, tenantId, isPopRequested: isPop }: TokenRequest,
  world: World,
  refuse: (refusal: EntraRefusal) => EntraError,
): AuthenticatedClient {
  if (!certificate) {
    const message = 'Client authentication is missing: present a client certificate or a client assertion.';
    throw refuse({ error: 'invalid_client', code: 7000218, message });
  }
  const subject = certificate.toLegacyObject().subject as { CN?: unknown; DC?: unknown };
  const identity = world.directory.find('client_id', clientId);
  if (!identity || subject.CN !== identity.clientId) {
    const message = 'The client_id is not the identity that the client certificate was issued to.';
    throw refuse({ error: 'invalid_client', code: 1000612, message });
  }
  if (typeof subject.DC !== 'string' || subject.DC.toLowerCase() !== tenantId.toLowerCase()) {
    const message = 'The tenant is not the one that the client certificate was issued for.';
    throw refuse({ error: 'invalid_client', code: 1000612, message });
  }
  if (!isPop) throw refuse(invalidRequest(9002313, 'A managed identity must ask for token_type=mtls_pop.'));
  return identity;
}

async function answer(exchange: Exchange, world: World, isPop: boolean, request: AccessTokenRequest): Promise<Answer> {
  const { mutate, headers } = exchange;
  const thumbprint = mutate === 'wrong-cnf' ? randomThumbprint() : request.thumbprintS256;
  const token = await issueAccessToken(world, { ...request, thumbprintS256: thumbprint });
  const tokenType = isPop && mutate !== 'bearer-token-type' ? 'mtls_pop' : 'Bearer';
  const { refreshInSeconds } = world.configuration;
  return {
    status: 200,
    headers: correlationHeaders(headers, randomUUID()),
    json: {
      ...(mutate === 'no-token-type' ? {} : { token_type: tokenType }),
      expires_in: token.expiresInSeconds,
      ext_expires_in: token.expiresInSeconds,
      ...(refreshInSeconds === undefined ? {} : { refresh_in: refreshInSeconds }),
      ...(mutate === 'no-access-token' ? {} : { access_token: token.value }),
    },
  };
}

function invalidRequest(code: number, message: string): EntraRefusal {
  return { error: 'invalid_request', code, message };
}
