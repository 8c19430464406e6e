/** Step 1: the strongest key of the host, never one below the floor (D1, D2, D12). */
import { MsiV2Error } from '../errors.js';
import type { KeyStore, SigningKey } from '../ports.js';
import { MtlsBindingStrength } from '../public-types.js';

export async function openKey(
  store: KeyStore,
  options: { verify: boolean; minStrength: MtlsBindingStrength; correlationId: string; signal?: AbortSignal },
): Promise<SigningKey> {
  const { verify, minStrength, correlationId, signal } = options;
  const key = await store.open({ verify, ...(signal !== undefined && { signal }) });
  assertStrength(key.strength, minStrength, correlationId);
  return key;
}

/** @throws MsiV2Error `min_strength_not_met`. */
export function assertStrength(
  strength: MtlsBindingStrength,
  minStrength: MtlsBindingStrength,
  correlationId: string,
): void {
  if (strength >= minStrength) return;
  throw new MsiV2Error('min_strength_not_met', {
    stage: 'key',
    correlationId,
    message: `The strongest key of this host is ${nameOf(strength)}, the request asks for ${nameOf(minStrength)}.`,
  });
}

function nameOf(strength: MtlsBindingStrength): string {
  return Object.entries(MtlsBindingStrength).find(([, value]) => value === strength)?.[0] ?? String(strength);
}
