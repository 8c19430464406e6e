/**
 * How every client gets its tokens. Read top to bottom: the cache, then recovery around a credential (steps 1 to 6, of a managed
 * identity in binding/mint.ts) and a token request (step 7). Only this file knows their order; what differs between clients is
 * a member of {@link TokenClient}.
 */
import type { Call, Runtime } from '../call.js';
import { HEALING_PAUSE, isPaused, pause, REFRESH_PAUSE, refreshSpreadMs, REPLACEMENT_PAUSE } from '../cache/backoff.js';
import { acquiredChannel, errorCodeOf, trace, type AcquiredEvent } from '../diagnostics/channels.js';
import { addCorrelationId, isMsalMiError, MsiV2Error } from '../errors.js';
import type { AccessToken, TokenDemand } from '../model.js';
import type { AuthenticationResult } from '../public-types.js';
import { createBearerResult, createResult } from '../result.js';
import { stringsInJson } from '../secret.js';
import { keepingProcess, steadyTime, withDeadline } from '../time/clock.js';
import { mergeClaims } from '../token/claims.js';
import { refusalOf, reportRefusal } from '../token/refusal.js';
import { requestToken } from '../token/token-request.js';
import { awaitedBy } from '../transport/exchange.js';
import { runInBackground } from './background.js';
import { forget, mayReplace, withoutSuccessor } from './recovery.js';
import type { Acquired, Credential, RefusedCredential, TokenClient } from './token-client.js';

/**
 * A token from the cache, refreshed in the background when it is due. It is returned without a promise: each one would cost
 * more than finding the token.
 */
export function acquireFromCache<R extends TokenDemand, C extends Credential>(
  request: R,
  client: TokenClient<R, C>,
  candidates = client.candidates(request),
): AuthenticationResult | undefined {
  if (request.forceRefresh || request.claims !== undefined) return undefined;
  const steadyMs = steadyTime(client.clock);
  for (const credential of candidates) {
    const cached = client.state.tokens.get(client.tokenKey(request, credential), steadyMs);
    if (cached === undefined) continue;
    const { token, setBackMs } = cached;
    const nowMs = steadyMs - setBackMs;
    const isSuperseded = client.tend(request, credential, steadyMs);
    if (isSuperseded || isDue(token, nowMs)) startRefresh(request, client, token.expiresAtMs - nowMs);
    return toResult({ token, credential }, true, request, client);
  }
  client.log.trace(() => `token cache: no ${request.tokenType} token for ${request.resource}`);
  return undefined;
}

/** A new token, for all who ask for the same one at the same time. */
export async function acquireFromNetwork<R extends TokenDemand, C extends Credential>(
  request: R,
  client: TokenClient<R, C>,
  signal: AbortSignal | undefined,
): Promise<AuthenticationResult> {
  const key = client.flightKey(request);
  const acquired = await client.flights.run(key, signal, (shared, mayKeep) =>
    acquireAndKeep(request, client, shared, mayKeep),
  );
  return toResult(acquired, false, request, client);
}

/** A token for a credential; when the service refuses it, once more for its successor. */
async function acquireAndKeep<R extends TokenDemand, C extends Credential>(
  request: R,
  client: TokenClient<R, C>,
  signal: AbortSignal,
  mayKeep: () => boolean,
): Promise<Acquired<C>> {
  const call = { ...callOf(request, client, signal), mayKeep };
  const credential = await client.obtain(request, call);
  try {
    return await acquireWith(credential, request, client, call, false);
  } catch (failure) {
    const refusal = refusalOf(failure, client.authentication);
    if (refusal === undefined || !mayReplace({ credential, refusal }, request, client)) throw failure;
    if (request.replacement !== undefined) request.replacement.isUsed = true;
    return recover({ credential, refusal, failure }, request, client, call);
  }
}

/** Nothing is lost on the way: what was refused for this request stays in use until its successor has a token. */
async function recover<R extends TokenDemand, C extends Credential>(
  refused: RefusedCredential<C> & { readonly failure: unknown },
  request: R,
  client: TokenClient<R, C>,
  call: Call,
): Promise<Acquired<C>> {
  const { credential, refusal, failure } = refused;
  const { state, clock } = client;
  reportRefusal(refusal, credential.binding, call);
  const successor = await client.replace(request, refused, call).catch((error: unknown) => {
    call.signal?.throwIfAborted();
    pause(state.pauses, client.audienceKey(request, credential), REPLACEMENT_PAUSE, clock);
    throw withoutSuccessor(failure, error);
  });
  if (successor === undefined) throw failure;
  try {
    const acquired = await acquireWith(successor, request, client, call, true);
    if (refusal.part === 'certificate') forget(credential, successor, state);
    return acquired;
  } catch (error) {
    const isRefusedToo = refusalOf(error, client.authentication) !== undefined;
    if (isRefusedToo) pause(state.pauses, client.audienceKey(request, successor), HEALING_PAUSE, clock);
    throw error;
  }
}

async function acquireWith<R extends TokenDemand, C extends Credential>(
  credential: C,
  request: R,
  client: TokenClient<R, C>,
  call: Call,
  isRetry: boolean,
): Promise<Acquired<C>> {
  const token = await trace('token', call.correlationId, () => tokenFor(credential, request, client, call, isRetry));
  const entry = { token, binding: credential.binding };
  const { state, clock } = client;
  if (call.mayKeep()) state.tokens.set(client.tokenKey(request, credential), entry, clock);
  if (state.pauses.size > 0) state.pauses.delete(client.audienceKey(request, credential));
  return { token, credential };
}

/** Step 7. */
function tokenFor<R extends TokenDemand, C extends Credential>(
  credential: C,
  request: R,
  client: TokenClient<R, C>,
  call: Call,
  isRetry: boolean,
): Promise<AccessToken> {
  const claims = claimsOf(request, client);
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: request.scope,
    ...client.identify(request, credential),
    ...(claims !== undefined && { claims }),
  });
  const exchange = {
    tokenUrl: client.tokenUrl(request, credential),
    form,
    channel: credential.channel,
    x5tS256: credential.binding.certificate.x5tS256,
    expectedTokenType: request.tokenType,
    secrets: [...client.secretsOf(credential), ...(claims === undefined ? [] : stringsInJson(claims))],
    ignoreThrottle: isRetry,
  };
  return requestToken(exchange, client.state.throttled, call);
}

function claimsOf(
  { claims, claimsFromClient }: TokenDemand,
  { clientCapabilities: capabilities }: { readonly clientCapabilities: readonly string[] },
): string | undefined {
  const isPlain = claims === undefined && claimsFromClient === undefined && capabilities.length === 0;
  return isPlain ? undefined : mergeClaims({ claims, claimsFromClient, capabilities });
}

/** Of the time the service named, and not before it. */
export function isDue({ refreshAfterMs }: AccessToken, nowMs: number): boolean {
  return refreshAfterMs !== undefined && nowMs >= refreshAfterMs;
}

/**
 * Nobody waits for it: a failure never reaches a caller whose token is still valid. After one the next attempt waits, so
 * that a due token and a dead endpoint cost a request for each pause and not for each call (D26).
 */
function startRefresh<R extends TokenDemand, C extends Credential>(
  request: R,
  client: TokenClient<R, C>,
  remainingMs: number,
): void {
  const { flights, clock, state } = client;
  const key = client.flightKey(request);
  if (flights.has(key) || (state.pauses.has(key) && isPaused(state.pauses, key, clock))) return;
  const refresh = async (): Promise<void> => {
    try {
      await flights.run(key, undefined, (signal, mayKeep) => acquireAndKeep(request, client, signal, mayKeep));
      state.pauses.delete(key);
    } catch (error) {
      const options = { askedMs: retryAfterOf(error), spreadMs: refreshSpreadMs(remainingMs) };
      pause(state.pauses, key, REFRESH_PAUSE, clock, options);
      throw error;
    }
  };
  runInBackground('token-refresh', refresh, client);
}

/** Of what a service asks to wait, the least that spaces refreshes: a zero, or a date gone by, would be a request per call. */
const SHORTEST_REFRESH_PAUSE_MS = 1_000;

/** How long the service asked to wait. */
function retryAfterOf(error: unknown): number | undefined {
  const askedMs = isMsalMiError(error) ? error.retryAfterMs : undefined;
  return askedMs !== undefined && askedMs >= SHORTEST_REFRESH_PAUSE_MS ? askedMs : undefined;
}

/** What all steps have in common that `client` takes for `request`. */
export function callOf(
  { correlationId }: Pick<TokenDemand, 'correlationId'>,
  { clock, log, retriesEnabled }: Runtime,
  signal: AbortSignal | undefined,
): Call {
  return { clock, log, retriesEnabled, correlationId, signal, mayKeep: () => true };
}

/** Bounds a whole call by `system.timeout`, and names the call in its error. */
export async function withinTimeout<T>(
  { correlationId, signal }: TokenDemand,
  { clock, log, timeoutMs }: Pick<Runtime, 'clock' | 'log'> & { readonly timeoutMs: number | undefined },
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const onTimeout = () => {
    const { stage, what } = awaitedBy(correlationId) ?? {};
    return new MsiV2Error('request_timeout', {
      correlationId,
      ...(stage !== undefined && stage !== 'region' && { stage }),
      message: `No token within system.timeout (${String(timeoutMs)} ms)${what === undefined ? '' : `, ${what}`}.`,
    });
  };
  try {
    return await keepingProcess(() => withDeadline({ clock, timeoutMs, signal, onTimeout }, work));
  } catch (error) {
    if (signal?.aborted === true) throw error; // The reason of a signal is its owner's.
    addCorrelationId(error, correlationId);
    log.error(() => `no token: ${isMsalMiError(error) ? error.message : errorCodeOf(error)} (${correlationId})`);
    throw error;
  }
}

function toResult<R extends TokenDemand, C extends Credential>(
  { token, credential: { binding, context } }: Acquired<C>,
  fromCache: boolean,
  request: R,
  client: TokenClient<R, C>,
): AuthenticationResult {
  const { resource, scope, correlationId, tokenType } = request;
  const issuedBy = client.issuedBy?.(request);
  client.log.info(() => {
    const from = fromCache ? 'the cache' : 'the network';
    const { x5tS256 } = binding.certificate;
    const expiry = new Date(token.expiresAtMs).toISOString();
    return `${tokenType} token for ${resource} from ${from}, expires ${expiry}, certificate ${x5tS256} (${correlationId})`;
  });
  if (acquiredChannel.hasSubscribers) {
    const nowMs = client.clock.now();
    acquiredChannel.publish({
      version: 1,
      identityKind: client.identityKind,
      fromCache,
      tokenRemainingMs: token.expiresAtMs - nowMs,
      certificateRemainingMs: binding.usableUntilMs - nowMs,
    } satisfies AcquiredEvent);
  }
  const issued = { token, binding, context, resource, scope, correlationId, fromCache, issuedBy };
  return tokenType === 'mtls_pop' ? createResult(issued) : createBearerResult(issued);
}
