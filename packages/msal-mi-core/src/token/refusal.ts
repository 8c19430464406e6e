/** Which failures of a token request another credential may cure (D22). The only place that decides it. */
import { recoveryChannel, type RecoveryEvent } from '../diagnostics/channels.js';
import type { Call } from '../call.js';
import { isMsalMiError } from '../errors.js';
import type { Binding } from '../model.js';
import { isCertificateRefusal, isTransportError } from '../ports.js';
import { REFUSED_ASSERTION_CODES, STALE_CERTIFICATE_CODES } from './aadsts.js';

/** What the token service refused, and why. */
export interface Refusal {
  readonly part: 'certificate' | 'assertion';
  readonly kind: 'invalid_client' | 'aadsts' | 'client_certificate_rejected';
  readonly aadstsCode?: string;
  /** The attestation led to the refusal: a kept attestation token must not be used for the new certificate. */
  readonly evidenceIsStale: boolean;
}

/** How the client that was refused authenticates: by its certificate, or by an assertion that is bound to one. */
export type Authentication = 'certificate' | 'assertion';

/** A certificate that a resource refused in the TLS handshake. */
export const REFUSED_IN_TLS: Refusal = {
  part: 'certificate',
  kind: 'client_certificate_rejected',
  evidenceIsStale: false,
};

/** Undefined for every failure that another credential would not cure. */
export function refusalOf(error: unknown, authentication: Authentication): Refusal | undefined {
  if (!isMsalMiError(error) || error.stage !== 'token') return undefined;
  if (isTransportError(error.cause)) {
    return isCertificateRefusal(error.cause) ? REFUSED_IN_TLS : undefined;
  }
  const { httpStatus, aadstsCode, errorCode } = error;
  if (httpStatus === undefined || httpStatus < 400 || httpStatus >= 500) return undefined;
  const listed = aadstsCode === undefined ? undefined : refusalByCode(aadstsCode, authentication);
  if (listed !== undefined || authentication === 'assertion') {
    // invalid_client alone cures no assertion: it also says that the application or its federated credential does not exist.
    return listed;
  }
  return errorCode === 'invalid_client' ? INVALID_CLIENT : undefined;
}

const INVALID_CLIENT: Refusal = { part: 'certificate', kind: 'invalid_client', evidenceIsStale: false };

function refusalByCode(aadstsCode: string, authentication: Authentication): Refusal | undefined {
  const stale = STALE_CERTIFICATE_CODES[aadstsCode];
  // With an assertion the client is an application that was configured: no certificate gives it another id.
  if (stale !== undefined && (authentication === 'certificate' || stale.namesClient !== true)) {
    return { part: 'certificate', kind: 'aadsts', aadstsCode, evidenceIsStale: stale.evidenceIsStale };
  }
  const refused = authentication === 'assertion' ? REFUSED_ASSERTION_CODES[aadstsCode]?.refused : undefined;
  return refused && { part: refused, kind: 'aadsts', aadstsCode, evidenceIsStale: false };
}

/** Logs and publishes, once, that something else is about to take the place of what was refused. */
export function reportRefusal(
  { part, kind, aadstsCode }: Refusal,
  { certificate: { x5tS256 } }: Binding,
  { correlationId, log }: Pick<Call, 'correlationId' | 'log'>,
): void {
  const code = aadstsCode === undefined ? '' : ` AADSTS${aadstsCode}`;
  const what = part === 'certificate' ? `certificate ${x5tS256}` : `an assertion bound to certificate ${x5tS256}`;
  log.warning(`${what} was refused (${kind}${code}); a new one is requested, once`);
  if (!recoveryChannel.hasSubscribers) return;
  recoveryChannel.publish({
    version: 1,
    reason: kind,
    correlationId,
    staleThumbprint: x5tS256,
    ...(aadstsCode !== undefined && { aadstsCode }),
  } satisfies RecoveryEvent);
}
