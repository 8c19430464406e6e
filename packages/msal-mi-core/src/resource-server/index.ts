/** The other end of the wire: accepts certificate-bound tokens in a server of one's own. */
export { createMtlsPopAuthenticator } from './authenticator.js';
export type { MtlsPopAuthenticator, RequireMtlsPopOptions } from './authenticator.js';
export { createCertificateSource } from './client-certificate.js';
export type { CertificateSource, ForwardedCertificateOptions, ServerRequest } from './client-certificate.js';
export { fastifyMtlsPop } from './fastify.js';
export type { ForwardedCertificateFormat } from './forwarded-formats.js';
export { requireMtlsPop } from './middleware.js';
export type { MtlsPopRequest } from './middleware.js';
export type { MtlsPop } from './mtls-pop.js';
export { MtlsPopRefusal, MtlsPopUnavailable } from './refusal.js';
export type { MtlsPopRefusalReason } from './refusal.js';
export { verifyMtlsPop } from './verify.js';
export type { KeyResolver, VerifyMtlsPopOptions } from './verify-options.js';
