/** Self-healing: a certificate that the service no longer accepts is replaced once (D22, D23). */
import { recoveryChannel, type RecoveryEvent } from '../diagnostics/channels.js';
import { isMsalMiError } from '../errors.js';
import type { Logger } from '../diagnostics/logger.js';
import type { Binding, ReplacementAllowance } from '../model.js';
import { isCertificateRefusal, TransportError } from '../ports.js';
import { STALE_CERTIFICATE_CODES } from '../token/aadsts.js';

/** Why a binding has to be replaced. */
export interface StaleReason {
  readonly kind: 'invalid_client' | 'aadsts' | 'client_certificate_rejected';
  readonly aadstsCode?: string;
  /** The attestation led to the refusal: a kept attestation token must not be used for the new certificate. */
  readonly evidenceIsStale: boolean;
}

/** A binding that the service refused, and why. */
export interface RejectedBinding {
  readonly binding: Binding;
  readonly reason: StaleReason;
}

/** The one classifier: undefined for every failure that another certificate would not cure. */
export function staleReason(error: unknown): StaleReason | undefined {
  if (!isMsalMiError(error) || error.stage !== 'token') return undefined;
  if (error.cause instanceof TransportError) {
    return isCertificateRefusal(error.cause)
      ? { kind: 'client_certificate_rejected', evidenceIsStale: false }
      : undefined;
  }
  if (error.httpStatus === undefined || error.httpStatus < 400 || error.httpStatus >= 500) return undefined;
  const { aadstsCode } = error;
  const listed = aadstsCode === undefined ? undefined : STALE_CERTIFICATE_CODES[aadstsCode];
  if (aadstsCode !== undefined && listed !== undefined) {
    return { kind: 'aadsts', aadstsCode, evidenceIsStale: listed.evidenceIsStale };
  }
  return error.errorCode === 'invalid_client' ? { kind: 'invalid_client', evidenceIsStale: false } : undefined;
}

/**
 * Uses a binding; when it turns out stale, uses its replacement. A second failure always propagates.
 *
 * @param observer.replacement - When it is used up, the first failure propagates already.
 */
export async function recoverOnce<T>(
  steps: {
    acquire: (rejected: RejectedBinding | undefined) => Promise<Binding>;
    use: (binding: Binding, isRetry: boolean) => Promise<T>;
  },
  observer: { correlationId: string; log: Logger; replacement?: ReplacementAllowance | undefined },
): Promise<T> {
  const { replacement } = observer;
  const binding = await steps.acquire(undefined);
  let rejected: RejectedBinding;
  try {
    return await steps.use(binding, false);
  } catch (error) {
    const reason = staleReason(error);
    if (reason === undefined || replacement?.isUsed === true) throw error;
    if (replacement !== undefined) replacement.isUsed = true;
    rejected = { binding, reason };
  }
  reportRecovery(rejected, observer);
  return steps.use(await steps.acquire(rejected), true);
}

/** Logs and publishes, once, that a binding is about to be replaced. */
export function reportRecovery(
  { binding, reason }: RejectedBinding,
  observer: { correlationId: string; log: Logger },
): void {
  const code = reason.aadstsCode === undefined ? '' : ` AADSTS${reason.aadstsCode}`;
  observer.log.warning(
    `certificate ${binding.certificate.x5tS256} was refused (${reason.kind}${code}); a new one is requested, once`,
  );
  if (recoveryChannel.hasSubscribers) {
    recoveryChannel.publish({
      version: 1,
      reason: reason.kind,
      correlationId: observer.correlationId,
      staleThumbprint: binding.certificate.x5tS256,
      ...(reason.aadstsCode !== undefined && { aadstsCode: reason.aadstsCode }),
    } satisfies RecoveryEvent);
  }
}
