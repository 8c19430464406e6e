import { isMsalMiError, MsiV2Error, type MsalMiError } from '../errors.js';

/**
 * The same failure under the name by which a chain of credentials goes on to its next one. Has the code, the remediation and
 * the stage of its `cause`.
 */
class CredentialUnavailableError extends MsiV2Error {
  constructor(cause: MsalMiError) {
    super(cause.errorCode, {
      message: cause.errorMessage,
      correlationId: cause.correlationId,
      retryable: cause.retryable,
      cause,
      ...(cause.stage !== undefined && { stage: cause.stage }),
      ...(cause.httpStatus !== undefined && { httpStatus: cause.httpStatus }),
      ...(cause.remediation !== undefined && { remediation: cause.remediation }),
    });
    // The SDK goes by the name, which the class may have lost to a minifier.
    Object.defineProperty(this, 'name', { value: 'CredentialUnavailableError' });
  }
}

/** In whatever words: "Identity not found", "... identity has not been assigned to this resource". */
const NOT_ASSIGNED = /\bidentity\b[^.]*(\bnot|n't)\s+(been\s+)?(found|assigned)\b/i;

/**
 * @param isSystemAssigned - A user-assigned identity that this host does not know is an error: going on would mean to use
 *   another identity than the one that was named.
 * @returns The error itself, unless it says that this host has no identity at all.
 */
export function unavailableOr(error: unknown, isSystemAssigned: boolean): unknown {
  return isMsalMiError(error) && saysNoIdentity(error, isSystemAssigned)
    ? new CredentialUnavailableError(error)
    : error;
}

function saysNoIdentity(error: MsalMiError, isSystemAssigned: boolean): boolean {
  const { errorCode, stage, httpStatus, errorMessage } = error;
  if (errorCode === 'managed_identity_all_sources_unavailable') return true;
  if (errorCode !== 'managed_identity_request_failed') return false;
  if (httpStatus === undefined) return stage === 'metadata';
  return isSystemAssigned && httpStatus === 400 && NOT_ASSIGNED.test(errorMessage);
}
