/**
 * The flow for a bound token. Read top to bottom: the cache, then recovery around a binding and a token request, then
 * the seven steps. Only this file knows their order.
 */
import { attest } from '../binding/attest.js';
import { acquireBinding, renewBinding, type BindingSource } from '../binding/acquire-binding.js';
import { bindCertificate } from '../binding/bind-certificate.js';
import { buildCsr, loadCsrEncoder } from '../binding/csr.js';
import { issueCredential } from '../imds/issue-credential.js';
import { openKey } from '../binding/key.js';
import { certificateAlias, mintFlightKey, tokenFlightKey } from '../cache/cache-key.js';
import type { CachedToken } from '../cache/token-cache.js';
import { withDeadline } from '../time/cancellation.js';
import { backgroundChannel, errorCodeOf, isTraced, trace, type BackgroundEvent } from '../diagnostics/channels.js';
import { addCorrelationId, MsiV2Error } from '../errors.js';
import type { AccessToken, Binding, TokenRequest } from '../model.js';
import type { SigningKey } from '../ports.js';
import { stringsInJson } from '../secret.js';
import { createResult } from '../result.js';
import { requestMetadata } from '../imds/metadata.js';
import { mergeClaims } from '../token/claims.js';
import { requestToken, tokenUrl } from '../token/token-request.js';
import { MtlsBindingStrength, type MtlsPopAuthenticationResult } from '../public-types.js';
import { assertHostCanServe } from './preflight.js';
import type { Flow } from './flow.js';
import { recoverOnce, reportRecovery, type RejectedBinding } from './recover.js';

/**
 * A token from the cache, refreshed in the background when it is due, or a new one. A cached token is returned without
 * a promise: each one would cost more than finding the token.
 */
export function acquireToken(
  request: TokenRequest,
  flow: Flow,
): MtlsPopAuthenticationResult | Promise<MtlsPopAuthenticationResult> {
  if (!isTraced('acquireToken')) return acquireFromCacheOrNetwork(request, flow);
  const run = async () => acquireFromCacheOrNetwork(request, flow);
  return trace('acquireToken', request.correlationId, run, ({ fromCache, bindingCertificate }) => ({
    fromCache,
    certificateAgeMs: flow.clock.now() - bindingCertificate.notBefore.getTime(),
  }));
}

function acquireFromCacheOrNetwork(
  request: TokenRequest,
  flow: Flow,
): MtlsPopAuthenticationResult | Promise<MtlsPopAuthenticationResult> {
  request.signal?.throwIfAborted();
  return acquireFromCache(request, flow) ?? acquireFromNetwork(request, flow);
}

/** The strongest kind of key comes first. */
function acquireFromCache(request: TokenRequest, flow: Flow): MtlsPopAuthenticationResult | undefined {
  if (request.forceRefresh || request.claims !== undefined) return undefined;
  const found = acquireCached(request, flow, MtlsBindingStrength.KeyGuard);
  if (found !== undefined || request.minStrength > MtlsBindingStrength.Software) return found;
  return acquireCached(request, flow, MtlsBindingStrength.Software);
}

/** Also starts what is due for the token that it finds: nobody waits for it. */
function acquireCached(
  request: TokenRequest,
  flow: Flow,
  strength: MtlsBindingStrength,
): MtlsPopAuthenticationResult | undefined {
  const { bindings, tokens } = flow.state;
  const kept = bindings.kept(flow.bindingKey(request.attested, strength));
  if (kept === undefined) return undefined;
  const { current, superseded, renewAfterMs } = kept;
  const nowMs = flow.clock.now();
  const cached =
    tokens.get(flow.of(current).tokenKeys.of(request), nowMs) ??
    (superseded && tokens.get(flow.of(superseded).tokenKeys.of(request), nowMs));
  if (cached === undefined) return undefined;
  if (nowMs >= renewAfterMs) startRenewal(request, cached.binding, flow);
  if (cached.binding !== current || isDue(cached.token, nowMs)) startRefresh(request, flow);
  return toResult(cached, true, request, flow);
}

/**
 * A token under another certificate than the one that a resource refused in the TLS handshake: it is replaced as one
 * that the token service refuses, unless somebody did so already (D22, D23).
 */
export async function replaceAndAcquireToken(
  request: TokenRequest,
  refused: Binding,
  flow: Flow,
): Promise<MtlsPopAuthenticationResult> {
  const { correlationId, attested } = request;
  const rejected: RejectedBinding = {
    binding: refused,
    reason: { kind: 'client_certificate_rejected', evidenceIsStale: false },
  };
  const key = flow.bindingKey(attested, refused.key.strength);
  const { bindings } = flow.state;
  const kept = bindings.kept(key);
  const isFirst = kept?.current === refused || kept?.superseded === refused;
  if (isFirst) reportRecovery(rejected, { correlationId, log: flow.log });
  await withinTimeout(request, flow, (signal) => bindingFor(request, flow, rejected, signal));
  return acquireToken(request, flow);
}

async function acquireFromNetwork(request: TokenRequest, flow: Flow): Promise<MtlsPopAuthenticationResult> {
  const { configuration, state } = flow;
  const acquired = await withinTimeout(request, flow, async (signal) => {
    await assertHostCanServe(request, flow);
    const key = tokenFlightKey(flow.flightOwner, request, configuration.clientCapabilities);
    return state.flights.run(key, signal, (flightSignal) => acquireAndKeep(request, flow, flightSignal));
  });
  return toResult(acquired, false, request, flow);
}

async function withinTimeout<T>(
  { correlationId, signal }: TokenRequest,
  { clock, configuration: { timeoutMs } }: Flow,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const onTimeout = () =>
    new MsiV2Error('request_timeout', {
      correlationId,
      message: `No token within system.timeout (${String(timeoutMs)} ms).`,
    });
  try {
    return await withDeadline({ clock, timeoutMs, signal, onTimeout }, work);
  } catch (error) {
    if (signal?.aborted !== true) addCorrelationId(error, correlationId); // The reason of a signal is its owner's.
    throw error;
  }
}

/** A binding and a token for it; when the service refuses the certificate, both once more. */
async function acquireAndKeep(request: TokenRequest, flow: Flow, signal: AbortSignal): Promise<CachedToken> {
  const { clock, log, state } = flow;
  const acquired = await recoverOnce(
    {
      acquire: (rejected) => bindingFor(request, flow, rejected, signal),
      use: async (binding, isRetry) => ({ binding, token: await tokenFor(request, binding, flow, isRetry, signal) }),
    },
    { correlationId: request.correlationId, log, replacement: request.replacement },
  );
  state.tokens.set(flow.of(acquired.binding).tokenKeys.of(request), acquired, clock.now());
  return acquired;
}

async function bindingFor(
  request: TokenRequest,
  flow: Flow,
  rejected: RejectedBinding | undefined,
  signal: AbortSignal | undefined,
): Promise<Binding> {
  if (rejected !== undefined) {
    flow.of(rejected.binding).channel.retire();
    flow.state.tokens.deleteWhere((_key, entry) => entry.binding === rejected.binding);
  }
  const source = bindingSource(request, flow, rejected?.reason.evidenceIsStale ?? false);
  const binding = await acquireBinding(source, rejected?.binding, signal);
  startRenewal(request, binding, flow);
  return binding;
}

/** Steps 1 to 6. */
async function mint(
  request: TokenRequest,
  flow: Flow,
  options: { opening: Promise<SigningKey>; bypassCache: boolean; evidenceIsStale: boolean; signal: AbortSignal },
): Promise<Binding> {
  const { correlationId, attested } = request;
  const { imds } = flow;
  const { signal, bypassCache, evidenceIsStale } = options;
  const step = <T>(name: Parameters<typeof trace>[0], run: () => Promise<T>) => trace(name, correlationId, run);
  loadCsrEncoder().catch(() => undefined); // Loads while steps 1 and 2 wait; step 3 reports a failure.

  const opening = step('key', () => options.opening);
  const asking = step('metadata', () => requestMetadata(imds, { attested, correlationId, signal }));
  const [key, metadata] = await Promise.all([opening, asking]);
  const csr = await step('csr', () => buildCsr(key, metadata, { correlationId, signal }));
  const evidence = await step('attestation', () =>
    attest(key, metadata, flow.findAttestationProvider, {
      attested,
      forceRefresh: evidenceIsStale,
      correlationId,
      signal,
    }),
  );
  const credential = await step('issuecredential', () =>
    issueCredential(imds, { csr, evidence, bypassCache, correlationId, signal }),
  );
  return step('bind', () => Promise.resolve(bindCertificate(key, credential, { attested, correlationId })));
}

/** Step 7. */
function tokenFor(
  request: TokenRequest,
  binding: Binding,
  flow: Flow,
  isRetry: boolean,
  signal: AbortSignal,
): Promise<AccessToken> {
  const claims = mergeClaims({
    claims: request.claims,
    claimsFromClient: request.claimsFromClient,
    capabilities: flow.configuration.clientCapabilities,
  });
  const form = new URLSearchParams({
    client_id: binding.clientId,
    grant_type: 'client_credentials',
    scope: request.scope,
    token_type: 'mtls_pop',
    ...(claims !== undefined && { claims }),
  });
  const { clock, log, state, configuration } = flow;
  return trace('token', request.correlationId, () =>
    requestToken(
      {
        tokenUrl: tokenUrl(binding.endpoint, binding.tenantId),
        form,
        channel: flow.of(binding).channel,
        x5tS256: binding.certificate.x5tS256,
        expectedTokenType: 'mtls_pop',
        correlationId: request.correlationId,
        secrets: claims === undefined ? [] : stringsInJson(claims),
        ignoreThrottle: isRetry,
        signal,
      },
      { clock, log, retriesEnabled: configuration.retriesEnabled, throttled: state.throttled },
    ),
  );
}

function bindingSource(request: TokenRequest, flow: Flow, evidenceIsStale: boolean): BindingSource {
  const { configuration, state, platform, clock } = flow;
  const { attested, minStrength, correlationId } = request;
  return {
    bindings: state.bindings,
    flights: state.flights,
    certificateStore: platform.certificateStore,
    clock,
    alias: certificateAlias(configuration.imdsBase, configuration.identity, attested),
    attested,
    minStrength,
    correlationId,
    bindingKey: (strength) => flow.bindingKey(attested, strength),
    mintFlightKey: (rejected) => mintFlightKey(flow.flightOwner, attested, rejected?.certificate.x5tS256),
    openKey: ({ verify, signal }) => openKey(platform.keyStore, { verify, minStrength, correlationId, signal }),
    mint: (options) => mint(request, flow, { ...options, evidenceIsStale }),
  };
}

/** Of the time the service named, and not before it. */
function isDue({ refreshAfterMs }: AccessToken, nowMs: number): boolean {
  return refreshAfterMs !== undefined && nowMs >= refreshAfterMs;
}

/** Nobody waits for it: a failure never reaches a caller whose token is still valid (D26). */
function startRefresh(request: TokenRequest, flow: Flow): void {
  const key = tokenFlightKey(flow.flightOwner, request, flow.configuration.clientCapabilities);
  if (flow.state.flights.has(key)) return;
  const refreshing = flow.state.flights.run(key, undefined, (signal) => acquireAndKeep(request, flow, signal));
  reportBackground('token-refresh', refreshing, flow);
}

/** Nobody waits for it either (D17). */
function startRenewal(request: TokenRequest, binding: Binding, flow: Flow): void {
  const key = flow.bindingKey(request.attested, binding.key.strength);
  if (!flow.state.bindings.claimRenewal(key, flow.clock)) return;
  const source = bindingSource(request, flow, false);
  reportBackground('certificate-renewal', renewBinding(source), flow);
}

function reportBackground(work: BackgroundEvent['work'], promise: Promise<unknown>, flow: Flow): void {
  const publish = (event: Pick<BackgroundEvent, 'status' | 'errorCode'>) => {
    if (backgroundChannel.hasSubscribers) backgroundChannel.publish({ version: 1, work, ...event });
  };
  promise.then(
    () => publish({ status: 'end' }),
    (error: unknown) => {
      flow.log.warning(`${work} failed in the background (${errorCodeOf(error)})`);
      publish({ status: 'error', errorCode: errorCodeOf(error) });
    },
  );
}

function toResult(
  { token, binding }: CachedToken,
  fromCache: boolean,
  request: TokenRequest,
  flow: Flow,
): MtlsPopAuthenticationResult {
  const { resource, scope, correlationId } = request;
  return createResult({ token, binding, context: flow.of(binding).context, resource, scope, correlationId, fromCache });
}
