/** Which half of an assertion and its certificate the token endpoint refused (D22). */
import { recoveryChannel, type RecoveryEvent } from '../diagnostics/channels.js';
import type { Logger } from '../diagnostics/logger.js';
import { isMsalMiError } from '../errors.js';
import { isCertificateRefusal, TransportError } from '../ports.js';
import { REFUSED_ASSERTION_CODES, STALE_CERTIFICATE_CODES } from '../token/aadsts.js';

export interface RefusedCredential {
  readonly part: 'assertion' | 'certificate';
  readonly kind: 'aadsts' | 'client_certificate_rejected';
  readonly aadstsCode?: string;
}

/**
 * The classifier of the second leg: undefined for every failure that another assertion or certificate would not cure.
 * `invalid_client` alone is none: here it also says that the application or its federated credential does not exist.
 */
export function refusedCredential(error: unknown): RefusedCredential | undefined {
  if (!isMsalMiError(error) || error.stage !== 'token') return undefined;
  if (error.cause instanceof TransportError) {
    return isCertificateRefusal(error.cause) ? { part: 'certificate', kind: 'client_certificate_rejected' } : undefined;
  }
  const { httpStatus, aadstsCode } = error;
  if (httpStatus === undefined || httpStatus < 400 || httpStatus >= 500 || aadstsCode === undefined) return undefined;
  if (STALE_CERTIFICATE_CODES[aadstsCode] !== undefined) return { part: 'certificate', kind: 'aadsts', aadstsCode };
  const listed = REFUSED_ASSERTION_CODES[aadstsCode];
  return listed && { part: listed.refused, kind: 'aadsts', aadstsCode };
}

/** Tells subscribers and the log, once, that another credential is asked for. */
export function reportRefusal(
  refusal: RefusedCredential,
  observer: { x5tS256: string; correlationId: string; log: Logger },
): void {
  const { x5tS256, correlationId, log } = observer;
  const code = refusal.aadstsCode === undefined ? '' : ` AADSTS${refusal.aadstsCode}`;
  log.warning(
    `the ${refusal.part} of a client assertion bound to ${x5tS256} was refused (${refusal.kind}${code}); another one is requested, once`,
  );
  if (!recoveryChannel.hasSubscribers) return;
  recoveryChannel.publish({
    version: 1,
    reason: refusal.kind,
    correlationId,
    staleThumbprint: x5tS256,
    ...(refusal.aadstsCode !== undefined && { aadstsCode: refusal.aadstsCode }),
  } satisfies RecoveryEvent);
}
