/** Step 6: the issued certificate and our key become one immutable binding (D16). */
import type { Call } from '../call.js';
import { parseCertificate } from '../crypto/x509.js';
import { MsiV2Error } from '../errors.js';
import type { Binding, IssuedCredential } from '../model.js';
import type { SigningKey } from '../ports.js';

/** Undefined when the certificate does not parse or belongs to another key. */
export function tryBindCertificate(
  key: SigningKey,
  credential: IssuedCredential,
  attested: boolean,
): Binding | undefined {
  const parsed = parseCertificate(credential.certificate);
  if (parsed === undefined || !Buffer.from(parsed.spki).equals(key.spki)) return undefined;
  return Object.freeze({
    key,
    certificate: parsed.certificate,
    certificateDer: credential.certificate,
    clientId: credential.clientId,
    tenantId: credential.tenantId,
    endpoint: credential.endpoint,
    authority: `${credential.endpoint}/${credential.tenantId}/`,
    attested,
    notBeforeMs: parsed.notBeforeMs,
    notAfterMs: parsed.notAfterMs,
    usableUntilMs: parsed.usableUntilMs,
  });
}

/** @throws MsiV2Error `invalid_certificate`. */
export function bindCertificate(
  key: SigningKey,
  credential: IssuedCredential,
  attested: boolean,
  { correlationId }: Call,
): Binding {
  const binding = tryBindCertificate(key, credential, attested);
  if (binding !== undefined) return binding;
  throw new MsiV2Error('invalid_certificate', {
    stage: 'issuecredential',
    correlationId,
    httpStatus: 200,
    message: 'What the metadata service issued is not a certificate for our key.',
  });
}
