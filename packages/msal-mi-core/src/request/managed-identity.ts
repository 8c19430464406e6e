/** Tokens that a managed identity gets with its certificate: what can be refused at once, then the flow. */
import { discoverAttestationProvider } from '../attestation/discover.js';
import { assertStrength } from '../binding/mint.js';
import { isPaused, pause, REPLACEMENT_PAUSE } from '../cache/backoff.js';
import { acquiredChannel, isTraced, trace } from '../diagnostics/channels.js';
import { MsiV2Error } from '../errors.js';
import { DISABLE_IMDS_V2 } from '../hosts.js';
import type { TokenRequest } from '../model.js';
import type { AuthenticationResult, MtlsBindingContext, MtlsPopAuthenticationResult } from '../public-types.js';
import { MtlsBindingStrength } from '../public-types/constants.js';
import { environmentSource, knownSource } from '../source/select-source.js';
import { steadyTime } from '../time/clock.js';
import { REFUSED_IN_TLS, reportRefusal } from '../token/refusal.js';
import { acquireFromCache, acquireFromNetwork, callOf, isDue, withinTimeout } from './acquire-token.js';
import type { IdentityClient } from './identity-client.js';
import { forget } from './recovery.js';

type Result = AuthenticationResult;

/** A bound token, or a bearer token over mutual TLS (D33). One that is in the cache comes without a promise. */
export function acquireOverMtls(request: TokenRequest, client: IdentityClient): Result | Promise<Result> {
  if (!isTraced('acquireToken')) return acquire(request, client);
  const run = async () => acquire(request, client);
  return trace('acquireToken', request.correlationId, run, (result) => ({
    fromCache: result.fromCache,
    ...('bindingCertificate' in result && { certificateAgeMs: ageOf(result as MtlsPopAuthenticationResult, client) }),
  }));
}

function ageOf({ bindingCertificate }: MtlsPopAuthenticationResult, { clock }: IdentityClient): number {
  return clock.now() - bindingCertificate.notBefore.getTime();
}

function acquire(request: TokenRequest, client: IdentityClient): Result | Promise<Result> {
  request.signal?.throwIfAborted();
  if (client.isVersion2Disabled) refuseSwitchedOff(request, client);
  return acquireFromCache(request, client) ?? acquireAnew(request, client);
}

/**
 * Whether a call that makes `request` again would get the token of `held`: from the cache, with nothing to be started, and
 * nobody to be told. Whoever makes one call after the other then needs no other result.
 */
export function isServedAgain(
  held: MtlsPopAuthenticationResult,
  request: TokenRequest,
  client: IdentityClient,
): boolean {
  if (isTraced('acquireToken') || acquiredChannel.hasSubscribers || !client.log.isSilent()) return false;
  const steadyMs = steadyTime(client.clock);
  const credential = client.settled(request, steadyMs);
  if (credential === undefined) return false;
  const cached = client.state.tokens.get(client.tokenKey(request, credential), steadyMs);
  return cached?.token.secret === held.accessToken && !isDue(cached.token, steadyMs - cached.setBackMs);
}

function acquireAnew(request: TokenRequest, client: IdentityClient): Promise<Result> {
  return withinTimeout(request, client, async (signal) => {
    await assertHostCanServe(request, client);
    return acquireFromNetwork(request, client, signal);
  });
}

/**
 * A token under another certificate than the one that a resource, or the token service in the second leg, refused: it is
 * replaced as one that the first leg refuses, unless somebody did so already (D22, D23). What is bound to the refused one
 * stays in use: whoever refused it has not accepted the other one yet.
 */
export async function replaceBinding(
  request: TokenRequest,
  context: MtlsBindingContext,
  client: IdentityClient,
): Promise<MtlsPopAuthenticationResult> {
  const refused = client.credentialOf(context);
  const asItIs = async () => (await acquireOverMtls(request, client)) as MtlsPopAuthenticationResult;
  if (refused === undefined || client.isYoungReplacement(refused)) return asItIs();
  const { state, clock } = client;
  const audience = client.audienceKey(request, refused);
  if (isPaused(state.pauses, audience, clock)) return asItIs();
  if (client.isCurrent(refused)) reportRefusal(REFUSED_IN_TLS, refused.binding, callOf(request, client, undefined));
  const result = await withinTimeout(request, client, async (signal) => {
    const refusal = { credential: refused, refusal: REFUSED_IN_TLS };
    const successor = await client
      .replace(request, refusal, callOf(request, client, signal))
      .catch((error: unknown) => {
        if (signal?.aborted !== true) pause(state.pauses, audience, REPLACEMENT_PAUSE, clock);
        throw error;
      });
    return acquireFromCache(request, client, [successor]) ?? acquireFromNetwork(request, client, signal);
  });
  return result as MtlsPopAuthenticationResult;
}

/** The other certificate was accepted where the first one was refused: that one is used nowhere any more (D23). */
export function acceptReplacement(
  refused: MtlsBindingContext,
  accepted: MtlsBindingContext,
  client: IdentityClient,
): void {
  const before = client.credentialOf(refused);
  const after = client.credentialOf(accepted);
  if (before !== undefined && after !== undefined) forget(before, after, client.state);
}

/** @throws What is left to say while the kill switch is on (D32), whatever is in the cache. */
function refuseSwitchedOff({ correlationId, namedStrength }: TokenRequest, client: IdentityClient): never {
  assertNoEnvironmentSource(client, correlationId);
  const isFloorNamed = (namedStrength ?? MtlsBindingStrength.Bearer) > MtlsBindingStrength.Bearer;
  throw new MsiV2Error(isFloorNamed ? 'min_strength_not_met' : 'mtls_pop_token_not_supported_in_imds_v1', {
    correlationId,
    ...(isFloorNamed && { stage: 'key' }),
    message: `The environment variable ${DISABLE_IMDS_V2} switches version 2 of the metadata service off.`,
    remediation: `Unset ${DISABLE_IMDS_V2} and restart, or ask for a bearer token.`,
  });
}

/** What can be refused before any network I/O: no package, no source, no key strong enough (D1-D4). */
async function assertHostCanServe(request: TokenRequest, client: IdentityClient): Promise<void> {
  const { correlationId, minStrength, attested } = request;
  assertNoEnvironmentSource(client, correlationId);
  // After the environment: where no token can be had, the package would not help.
  if (attested) await discoverAttestationProvider(client.attestationProvider);
  const known = knownSource(client.state.discovered, client.discoveryKey, client.clock.monotonicMs());
  if (known?.finding === 'version-1-only') {
    throw new MsiV2Error('mtls_pop_token_not_supported_in_imds_v1', { correlationId });
  }
  if (known?.finding === 'nothing') {
    throw new MsiV2Error('managed_identity_all_sources_unavailable', {
      correlationId,
      ...(known.capabilities.errorReason !== undefined && { message: known.capabilities.errorReason }),
    });
  }
  const strongest = await client.keyStore.strongest();
  assertStrength(strongest, minStrength, correlationId);
  if (attested && strongest < MtlsBindingStrength.KeyGuard) {
    throw new MsiV2Error('credential_guard_requires_cng', { stage: 'attestation', correlationId });
  }
}

function assertNoEnvironmentSource({ environment }: IdentityClient, correlationId: string): void {
  const source = environmentSource(environment);
  if (source === undefined) return;
  throw new MsiV2Error('mtls_pop_not_supported_for_environment', {
    correlationId,
    message: `The environment of this process selects ${source}, which has no certificate-bound tokens.`,
  });
}
