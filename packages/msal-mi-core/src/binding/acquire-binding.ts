/** Memory, then the certificate store, then a mint: one binding for all who need it (D17, D18, D23, D27). */
import { MIN_REMAINING_MS, type BindingCache } from '../cache/binding-cache.js';
import type { SingleFlight } from '../cache/single-flight.js';
import { isMsalMiError } from '../errors.js';
import type { Binding } from '../model.js';
import type { CertificateStore, Clock, SigningKey } from '../ports.js';
import type { MtlsBindingStrength } from '../public-types.js';
import { tryBindCertificate } from './bind-certificate.js';
import { assertStrength } from './key.js';

/** Surroundings of one binding. */
export interface BindingSource {
  readonly bindings: BindingCache;
  readonly flights: SingleFlight;
  readonly certificateStore: CertificateStore;
  readonly clock: Clock;
  /** Name under which the certificate is persisted. */
  readonly alias: string;
  readonly attested: boolean;
  readonly minStrength: MtlsBindingStrength;
  readonly correlationId: string;
  readonly bindingKey: (strength: MtlsBindingStrength) => string;
  readonly mintFlightKey: (rejected: Binding | undefined) => string;
  /** Opens the key, probing it again when `verify`; below the floor it rejects. */
  readonly openKey: (options: { verify: boolean; signal: AbortSignal }) => Promise<SigningKey>;
  /** The flow's own steps: key, metadata, CSR, evidence, certificate. */
  readonly mint: (options: {
    opening: Promise<SigningKey>;
    bypassCache: boolean;
    signal: AbortSignal;
  }) => Promise<Binding>;
}

/** Any strength, strongest first. */
const STRENGTHS: readonly MtlsBindingStrength[] = [3, 1];
const RENEWAL_FRACTION = 0.5;
const RENEWAL_JITTER = 0.05;

/**
 * A binding to request tokens with.
 *
 * @param rejected - The binding that the service refused: it is forgotten and replaced, unless somebody did so already.
 */
export async function acquireBinding(
  source: BindingSource,
  rejected: Binding | undefined,
  signal: AbortSignal | undefined,
): Promise<Binding> {
  const kept = reusableBinding(source);
  if (kept !== undefined && kept !== rejected) return kept;
  if (rejected !== undefined) evict(source, rejected);
  return shareMint(source, rejected, signal, (flightSignal) => replaceBinding(source, rejected, flightSignal));
}

/** The binding in memory that may serve new tokens. */
export function reusableBinding(source: BindingSource): Binding | undefined {
  const nowMs = source.clock.now();
  for (const strength of STRENGTHS) {
    if (strength < source.minStrength) continue;
    const binding = source.bindings.reusable(source.bindingKey(strength), nowMs);
    if (binding !== undefined) return binding;
  }
  return undefined;
}

/** Mints a successor of a binding that still works. */
export function renewBinding(source: BindingSource): Promise<Binding> {
  return shareMint(source, undefined, undefined, (signal) => mintAndKeep(source, false, signal));
}

/** What a mint ended in, for callers whose floors differ. */
type Minted = { readonly binding: Binding } | { readonly tooWeakFor: MtlsBindingStrength; readonly error: unknown };

/** One mint for all who need one at the same time (D27). Each of them insists on its own floor (D1). */
async function shareMint(
  source: BindingSource,
  rejected: Binding | undefined,
  signal: AbortSignal | undefined,
  mint: (signal: AbortSignal) => Promise<Binding>,
): Promise<Binding> {
  const { flights, minStrength, correlationId } = source;
  const minted = await flights.run(source.mintFlightKey(rejected), signal, async (flightSignal): Promise<Minted> => {
    try {
      return { binding: await mint(flightSignal) };
    } catch (error) {
      if (isMsalMiError(error) && error.errorCode === 'min_strength_not_met') return { tooWeakFor: minStrength, error };
      throw error;
    }
  });
  if ('binding' in minted) {
    assertStrength(minted.binding.key.strength, minStrength, correlationId);
    return minted.binding;
  }
  if (minStrength >= minted.tooWeakFor) throw minted.error;
  return shareMint(source, rejected, signal, mint); // The one who began it asked for more than this one does.
}

async function replaceBinding(
  source: BindingSource,
  rejected: Binding | undefined,
  signal: AbortSignal,
): Promise<Binding> {
  if (rejected !== undefined) {
    await source.certificateStore.deleteAll(source.alias);
    return mintAndKeep(source, true, signal);
  }
  return source.certificateStore.withLock(
    source.alias,
    async () => (await findStored(source, signal)) ?? (await mintAndKeep(source, false, signal)),
    signal,
  );
}

async function findStored(source: BindingSource, signal: AbortSignal): Promise<Binding | undefined> {
  const { certificateStore, clock, alias, attested } = source;
  if (!certificateStore.isPersistent) return undefined;
  const key = await source.openKey({ verify: false, signal });
  const stored = await certificateStore.find(alias, key, clock.now() + MIN_REMAINING_MS);
  const binding = stored === undefined ? undefined : tryBindCertificate(key, stored, attested);
  if (binding !== undefined) keep(source, binding);
  return binding;
}

async function mintAndKeep(source: BindingSource, bypassCache: boolean, signal: AbortSignal): Promise<Binding> {
  // A key that was good an hour ago may have been deleted since: probing costs little next to a mint.
  const opening = source.openKey({ verify: true, signal });
  const binding = await source.mint({ opening, bypassCache, signal });
  keep(source, binding);
  if (binding.notAfterMs - source.clock.now() > MIN_REMAINING_MS) {
    const { certificateDer: certificate, clientId, tenantId, endpoint } = binding;
    await source.certificateStore.save(source.alias, binding.key, { certificate, clientId, tenantId, endpoint });
  }
  return binding;
}

function keep(source: BindingSource, binding: Binding): void {
  const lifetimeMs = binding.notAfterMs - binding.notBeforeMs;
  const fraction = RENEWAL_FRACTION + RENEWAL_JITTER * source.clock.random();
  source.bindings.set(source.bindingKey(binding.key.strength), binding, binding.notBeforeMs + lifetimeMs * fraction);
}

function evict(source: BindingSource, rejected: Binding): void {
  source.bindings.evict(source.bindingKey(rejected.key.strength), rejected);
}
