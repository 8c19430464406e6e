/** Step 4: evidence that the key is isolated, when it was asked for (D14, D1). */
import { discoverAttestationProvider } from '../attestation/discover.js';
import type { Call } from '../call.js';
import { AttestationError, MsiV2Error, isMsalMiError } from '../errors.js';
import { abortable } from '../time/clock.js';
import type { Evidence, PlatformMetadata } from '../model.js';
import type { SigningKey } from '../ports.js';
import type { AttestationProvider } from '../public-types.js';
import { redact, summarizeForeignError } from '../secret.js';

/** A provider's levels are msal-node's; one that invents others is read as verbose. */
const LEVELS = ['error', 'warning', 'info'] as const;

/** Never falls back: an attestation that failed ends the call. */
export async function attest(
  key: SigningKey,
  metadata: PlatformMetadata,
  options: {
    readonly attestationProvider: AttestationProvider | undefined;
    /** True when the service refused what the last attestation led to (AADSTS1000610-1000614). */
    readonly forceRefresh: boolean;
  },
  { clock, correlationId, log, signal }: Call,
): Promise<Evidence> {
  if (key.named === undefined || metadata.attestationEndpoint === undefined) {
    throw new MsiV2Error('credential_guard_requires_cng', { stage: 'attestation', correlationId });
  }
  const { host } = new URL(metadata.attestationEndpoint);
  const provider = await discoverAttestationProvider(options.attestationProvider);
  const request: Parameters<AttestationProvider['attest']>[0] = {
    endpoint: metadata.attestationEndpoint,
    clientId: metadata.clientId,
    cacheKey: key.id,
    key: key.named,
    ...(options.forceRefresh && { forceRefresh: true }),
    onLog: (level, message, containsPii) => log[LEVELS[level] ?? 'verbose'](redact(message), { pii: containsPii }),
    ...(signal !== undefined && { signal }),
  };
  const startedAtMs = clock.monotonicMs();
  const tell = (outcome: string) =>
    log.verbose(() => {
      const durationMs = Math.round(clock.monotonicMs() - startedAtMs);
      return `attestation: ${nameOf(provider)} at ${host} ${outcome} in ${durationMs} ms (${correlationId})`;
    });
  try {
    // Async: a provider may throw where it should reject, and return what throws when it is looked at.
    const attesting = (async () => requireJwt(await provider.attest(request), host, correlationId))();
    const jwt = await abortable(attesting, signal);
    tell('succeeded');
    return { kind: 'attested', jwt };
  } catch (error) {
    tell('failed');
    signal?.throwIfAborted();
    throw toAttestationError(error, host, correlationId);
  }
}

function nameOf(provider: AttestationProvider): string {
  try {
    return redact(provider.name);
  } catch {
    return 'a provider without name';
  }
}

function requireJwt(evidence: unknown, host: string, correlationId: string): string {
  const jwt = typeof evidence === 'object' && evidence !== null ? (evidence as { jwt?: unknown }).jwt : undefined;
  if (typeof jwt !== 'string' || jwt.trim() === '' || !jwt.includes('.')) {
    throw new AttestationError('attestation_failed', {
      stage: 'attestation',
      correlationId,
      message: `The attestation provider returned no JWT of ${host}. Nothing was sent to IMDS.`,
    });
  }
  return jwt.trim();
}

/** Errors of the attestation package keep their code; anything else is one failure. */
function toAttestationError(error: unknown, host: string, correlationId: string): Error {
  if (isMsalMiError(error)) {
    return new AttestationError(error.errorCode, {
      stage: 'attestation',
      correlationId,
      message: `${redact(error.errorMessage)} The attestation service is ${host}.`,
      retryable: error.retryable,
      subError: redact(error.subError),
      ...(error.win32 !== undefined && { win32: error.win32 }),
      ...(error.remediation !== undefined && { remediation: error.remediation }),
    });
  }
  return new AttestationError('attestation_failed', {
    stage: 'attestation',
    correlationId,
    message: `The attestation provider failed at ${host} (${summarizeForeignError(error)}). Nothing was sent to IMDS.`,
  });
}
