import type { ResourceRefusalName } from '../faults/fault-types.js';

/** What resources say about the certificate of a bound token, and the emulator's word for it. */
interface CertificateRefusal {
  reason: 'no_certificate' | 'other_certificate' | 'wrong_scheme';
  code: string;
  message: string;
}

/**
 * The markers are the services' own and are what clients look for; the words around them are not published. Key Vault writes
 * its marker in brackets into the message, and passes after a moment (azure-sdk-for-net 62752).
 */
export const CERTIFICATE_REFUSALS: Readonly<Record<ResourceRefusalName, CertificateRefusal>> = {
  MtlsMissingClientCertificate: {
    reason: 'no_certificate',
    code: 'Unauthorized',
    message: '[MtlsMissingClientCertificate] The request is missing the client certificate that the token is bound to.',
  },
  MtlsCnfClaimRequestDataValidationFailed: {
    reason: 'other_certificate',
    code: 'Unauthorized',
    message:
      '[MtlsCnfClaimRequestDataValidationFailed] The client certificate of the request does not match the cnf claim of the token.',
  },
  'bound-token-as-bearer': {
    reason: 'wrong_scheme',
    code: 'InvalidAuthenticationToken',
    message: 'A token with a cnf claim cannot be used with the Bearer scheme.',
  },
};
