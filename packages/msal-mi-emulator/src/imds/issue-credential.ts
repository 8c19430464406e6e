import type { KeyObject } from 'node:crypto';
import { CertificateRequestError, verifyCertificateRequest } from '../crypto/certificate-request.js';
import { JwtError } from '../crypto/jwt.js';
import { generateRsaKey, isSameRsaKey } from '../crypto/rsa-key.js';
import { parseJsonObject, type Answer, type Exchange } from '../http/exchange.js';
import { attestedKey } from '../maa/attestation-token.js';
import type { DirectoryEntry } from '../identities.js';
import type { World } from '../world.js';
import { CRED_API_VERSION, V2_SELECTORS } from './platform-metadata.js';
import { findQueryDefect, invalidRequest } from './request-checks.js';
import { selectIdentity } from './select-identity.js';

/** `POST /metadata/identity/issuecredential` (D16). Every call issues a new certificate; `bypass_cache` is accepted. */
export async function answerIssueCredential(exchange: Exchange, world: World): Promise<Answer> {
  const { query } = exchange;
  const defect = findQueryDefect(query, ['cred-api-version', 'bypass_cache', ...V2_SELECTORS]);
  if (defect) return defect;
  if (query.get('cred-api-version') !== CRED_API_VERSION) return invalidRequest('cred-api-version must be 2.0');
  if (!['true', 'false', null].includes(query.get('bypass_cache'))) {
    return invalidRequest('bypass_cache must be true or false');
  }
  const selected = selectIdentity(query, world.directory, V2_SELECTORS);
  if ('refusal' in selected) return selected.refusal;
  if (!/^application\/json\b/i.test(exchange.headers['content-type'] ?? '')) {
    return invalidRequest('Content-Type must be application/json');
  }
  const body = parseJsonObject(exchange.body);
  if (!body) return invalidRequest('The body is not a JSON object');
  const requested = await readRequest(body, selected.identity, world);
  if ('refusal' in requested) return requested.refusal;
  return issue(exchange, selected.identity, requested.publicKey, world);
}

async function readRequest(
  body: Record<string, unknown>,
  identity: DirectoryEntry,
  world: World,
): Promise<{ publicKey: KeyObject } | { refusal: Answer }> {
  if (typeof body.csr !== 'string') return { refusal: invalidRequest('The body has no csr') };
  let publicKey: KeyObject;
  try {
    publicKey = verifyCertificateRequest(body.csr, { ...identity, cuId: world.configuration.cuId });
  } catch (error) {
    if (!(error instanceof CertificateRequestError)) throw error;
    return { refusal: invalidRequest(`CSR is invalid: ${error.message}`) };
  }
  const refusal = await checkAttestation(body.attestation_token, publicKey, world);
  return refusal ? { refusal } : { publicKey };
}

async function checkAttestation(token: unknown, publicKey: KeyObject, world: World): Promise<Answer | undefined> {
  if (token === undefined || token === '') {
    return world.configuration.attestationRequired
      ? invalidRequest('Attestation Token is missing / empty in the issue credential request')
      : undefined;
  }
  if (typeof token !== 'string') return invalidRequest('Attestation Token is not a string');
  try {
    const issuer = await world.attestationIssuer();
    const claims = issuer.verify(token, {
      issuer: world.addresses.maa,
      nowMs: world.configuration.now(),
    });
    const isAttested = isSameRsaKey(attestedKey(claims), publicKey.export({ format: 'jwk' }));
    return isAttested ? undefined : invalidRequest('Attestation Token attests another key than that of the CSR');
  } catch (error) {
    if (!(error instanceof JwtError)) throw error;
    return invalidRequest(`Attestation Token ${error.message}`);
  }
}

async function issue(
  { mutate, certificate: wanted }: Exchange,
  identity: DirectoryEntry,
  requestedKey: KeyObject,
  world: World,
): Promise<Answer> {
  const publicKey = mutate === 'other-key-certificate' ? (await generateRsaKey()).publicKey : requestedKey;
  const { certificateLifetimeSeconds, tokenNotAfter } = world.configuration;
  const lifetimeSeconds = wanted?.lifetimeSeconds ?? certificateLifetimeSeconds;
  const seconds = wanted?.tokenNotAfterSeconds ?? tokenNotAfter?.seconds;
  const usableUntil = seconds === undefined ? undefined : { ...tokenNotAfter, seconds };
  const certificate =
    mutate === 'not-a-certificate'
      ? Buffer.from('these bytes are not a certificate')
      : await world.authority.issueClientCertificate(identity, publicKey, lifetimeSeconds, usableUntil);
  return {
    status: 200,
    json: {
      client_id: identity.clientId,
      tenant_id: identity.tenantId,
      certificate: certificate.toString('base64'),
      identity_type: identity.type,
      mtls_authentication_endpoint: world.addresses.token,
    },
  };
}
