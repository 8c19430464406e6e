/** Memory, then the certificate store, then a mint: one binding for all who need it (D17, D18, D23, D27). */
import { lifeOf, timeOf, type BindingLife } from '../cache/binding-cache.js';
import { bindingKey, certificateAlias, mintFlightKey } from '../cache/cache-key.js';
import type { SharedState } from '../cache/shared-state.js';
import type { Call } from '../call.js';
import { isMsalMiError } from '../errors.js';
import { isAllowedHost } from '../imds/endpoint.js';
import type { Binding } from '../model.js';
import type { CertificateStore } from '../ports.js';
import type { MtlsBindingStrength } from '../public-types.js';
import { steadyTime } from '../time/clock.js';
import { assertStrength, mint, openKey, tryBindCertificate, type BindingDemand, type Mint } from './mint.js';

/** Whose bindings these are, where they are kept and what they are made with: the same for all calls of an application. */
export interface BindingHolder extends Mint {
  readonly state: Pick<SharedState, 'bindings' | 'flights'>;
  readonly certificateStore: CertificateStore;
  /** IMDS base and identity: what cache keys begin with. */
  readonly owner: string;
  /** `owner` and settings: applications that differ share no work in flight (D28). */
  readonly flightOwner: string;
}

/** A binding that was refused, and what that says about the evidence it was issued for. */
export interface RefusedBinding {
  readonly binding: Binding;
  readonly evidenceIsStale: boolean;
}

/** Any strength, strongest first. */
const STRENGTHS: readonly MtlsBindingStrength[] = [3, 1];
const FIRST = { bypassCache: false, evidenceIsStale: false };

/**
 * A binding to request tokens with.
 *
 * @param refused - The binding that the service refused: another one takes its place, unless somebody did so already. It
 *   stays in memory until its successor has proved itself.
 */
export async function acquireBinding(
  holder: BindingHolder,
  demand: BindingDemand,
  refused: RefusedBinding | undefined,
  call: Call,
): Promise<Binding> {
  const kept = reusableBinding(holder, demand, call);
  const isGood = kept !== undefined && kept !== refused?.binding;
  call.log.trace(() => `binding cache: ${isGood ? `certificate ${kept.certificate.x5tS256}` : 'none to reuse'}`);
  return isGood ? kept : shareMint(holder, demand, refused, call, findOrMint);
}

/** The successor of a binding that still works: the one that another process of the machine stored meanwhile, or a new one. */
export function renewBinding(
  holder: BindingHolder,
  demand: BindingDemand,
  current: Binding,
  call: Call,
): Promise<Binding> {
  return shareMint(holder, demand, undefined, call, (_holder, _demand, _refused, shared) =>
    holder.certificateStore.withLock(
      aliasOf(holder, demand),
      async () =>
        (await findStored(holder, demand, { instead: current, until: 'renewAfterMs' }, shared)) ??
        (await mintAndKeep(holder, demand, undefined, shared)),
      shared.signal,
    ),
  );
}

/** The binding in memory that may serve new tokens. */
function reusableBinding(
  { state, owner }: BindingHolder,
  { attested, minStrength }: BindingDemand,
  { clock }: Call,
): Binding | undefined {
  const steadyMs = steadyTime(clock);
  for (const strength of STRENGTHS) {
    if (strength < minStrength) continue;
    const binding = state.bindings.reusable(bindingKey(owner, attested, strength), steadyMs);
    if (binding !== undefined) return binding;
  }
  return undefined;
}

/** What a mint ended in, for callers whose floors differ. */
type Minted = { readonly binding: Binding } | { readonly tooWeakFor: MtlsBindingStrength; readonly error: unknown };
type Work = (
  holder: BindingHolder,
  demand: BindingDemand,
  refused: RefusedBinding | undefined,
  call: Call,
) => Promise<Binding>;

/** One mint for all who need one at the same time (D27). Each of them insists on its own floor (D1). */
async function shareMint(
  holder: BindingHolder,
  demand: BindingDemand,
  refused: RefusedBinding | undefined,
  call: Call,
  work: Work,
): Promise<Binding> {
  const { minStrength, attested } = demand;
  const key = mintFlightKey(holder.flightOwner, attested, refused?.binding.certificate.x5tS256);
  const minted = await holder.state.flights.run(key, call.signal, async (signal, mayKeep): Promise<Minted> => {
    try {
      return { binding: await work(holder, demand, refused, { ...call, signal, mayKeep }) };
    } catch (error) {
      if (isMsalMiError(error) && error.errorCode === 'min_strength_not_met') return { tooWeakFor: minStrength, error };
      throw error;
    }
  });
  if ('binding' in minted) {
    assertStrength(minted.binding.key.strength, minStrength, call.correlationId);
    return minted.binding;
  }
  if (minStrength >= minted.tooWeakFor) throw minted.error;
  return shareMint(holder, demand, refused, call, work); // The one who began it asked for more than this one does.
}

/** The processes of a machine mint one after the other, so that the others find what the first one stored (D18). */
const findOrMint: Work = (holder, demand, refused, call) =>
  holder.certificateStore.withLock(
    aliasOf(holder, demand),
    async () => {
      const binding =
        (await findStored(holder, demand, { instead: refused?.binding, until: 'reusableUntilMs' }, call)) ??
        (await mintAndKeep(holder, demand, refused, call));
      if (refused !== undefined) holder.state.bindings.markReplacement(binding, call.clock);
      return binding;
    },
    call.signal,
  );

/** What is looked for: not `instead` itself nor an older one, and not one that is past this moment of its life. */
interface Search {
  readonly instead: Binding | undefined;
  readonly until: keyof BindingLife;
}

async function findStored(
  holder: BindingHolder,
  demand: BindingDemand,
  { instead, until }: Search,
  call: Call,
): Promise<Binding | undefined> {
  const { certificateStore, keyStore } = holder;
  if (!certificateStore.isPersistent) return undefined;
  // What this process saw of the wall clock: one that expired before the clock was set back has not become good again.
  const steadyMs = steadyTime(call.clock);
  const key = await openKey(keyStore, { verify: false, minStrength: demand.minStrength }, call);
  const stored = await certificateStore.find(aliasOf(holder, demand), key, steadyMs, instead?.certificateDer);
  const binding = stored === undefined ? undefined : tryBindCertificate(key, stored, demand.attested, 0);
  // It may have been stored before the list of hosts was made.
  if (binding === undefined || !isAllowedHost(holder.imds, new URL(binding.endpoint))) return undefined;
  const life = lifeOf(binding, binding.notBeforeMs);
  if (timeOf(binding, steadyMs) >= life[until]) return undefined;
  call.log.trace(() => `certificate store: certificate ${binding.certificate.x5tS256}`);
  if (call.mayKeep()) keep(holder, binding, life, steadyMs);
  return binding;
}

const mintAndKeep: Work = async (holder, demand, refused, call) => {
  const hints = refused === undefined ? FIRST : { bypassCache: true, evidenceIsStale: refused.evidenceIsStale };
  const binding = await mint(holder, demand, hints, call);
  const nowMs = call.clock.now();
  if (nowMs >= binding.notAfterMs) {
    call.log.warning(
      `certificate ${binding.certificate.x5tS256} expired at ${toText(binding.notAfterMs)} by the clock of this host, ` +
        `which says ${toText(nowMs)}: it is used once. Check the clock.`,
    );
    return binding;
  }
  if (call.mayKeep()) keep(holder, binding, lifeOf(binding, nowMs), steadyTime(call.clock));
  const { certificateDer: certificate, clientId, tenantId, endpoint } = binding;
  const stored = { certificate, clientId, tenantId, endpoint };
  await holder.certificateStore.save(aliasOf(holder, demand), binding.key, stored, refused?.binding.certificateDer);
  return binding;
};

const toText = (timeMs: number): string => new Date(timeMs).toISOString();

function keep({ state, owner }: BindingHolder, binding: Binding, life: BindingLife, steadyMs: number): void {
  state.bindings.set(bindingKey(owner, binding.attested, binding.key.strength), binding, life, steadyMs);
}

function aliasOf({ imds: { base, identity } }: BindingHolder, { attested }: BindingDemand): string {
  return certificateAlias(base, identity, attested);
}
