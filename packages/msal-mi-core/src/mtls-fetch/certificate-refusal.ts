/** What a resource says about the certificate that a bound token came with (D30). */
import { MsiV2Error } from '../errors.js';

/** `mismatch` passes at Key Vault, so a request that may be repeated is worth repeating. */
export type CertificateRefusal = 'missing' | 'mismatch';

const LONGEST_ANSWER = 64 * 1024;

/**
 * @param text - The content of an answer.
 * @returns undefined for anything but a 401 answer that speaks of the certificate.
 */
export function certificateRefusalOf(status: number, text: string): CertificateRefusal | undefined {
  if (status !== 401 || text.length > LONGEST_ANSWER) return undefined;
  if (text.includes('MtlsCnfClaimRequestDataValidationFailed')) return 'mismatch';
  return text.includes('MtlsMissingClientCertificate') ? 'missing' : undefined;
}

/** The meaning of such an answer, for the caller. */
export function certificateRefusalError(refusal: CertificateRefusal, host: string): MsiV2Error {
  return refusal === 'missing'
    ? new MsiV2Error('client_certificate_missing', {
        stage: 'resource',
        httpStatus: 401,
        message: `${host} says that the token came without its certificate (MtlsMissingClientCertificate).`,
      })
    : new MsiV2Error('client_certificate_mismatch', {
        stage: 'resource',
        httpStatus: 401,
        retryable: true,
        message: `${host} says that the certificate is not the token's (MtlsCnfClaimRequestDataValidationFailed).`,
      });
}
