/** The other end of the wire: accepts certificate-bound tokens in a server of one's own. */
export { createCertificateSource } from './client-certificate.js';
export type { CertificateSource, ForwardedCertificateOptions, ServerRequest } from './client-certificate.js';
export { requireMtlsPop } from './middleware.js';
export type { RequireMtlsPopOptions } from './middleware.js';
export { MtlsPopRefusal } from './refusal.js';
export type { MtlsPopRefusalReason } from './refusal.js';
export { verifyMtlsPop } from './verify.js';
export type { KeyResolver, VerifyMtlsPopOptions } from './verify-options.js';
