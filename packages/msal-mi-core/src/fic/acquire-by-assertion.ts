/**
 * The second leg: an application gets a token with an assertion, over the connections of the certificate that the
 * assertion is bound to (D31). Read top to bottom: the pair, the cache, one exchange, one repetition.
 */
import { assertedFlightKey, assertedTokenKey } from '../cache/cache-key.js';
import type { SharedState } from '../cache/shared-state.js';
import type { SingleFlight } from '../cache/single-flight.js';
import { backgroundChannel, errorCodeOf, trace } from '../diagnostics/channels.js';
import type { Logger } from '../diagnostics/logger.js';
import { MsiV2Error } from '../errors.js';
import type { AccessToken } from '../model.js';
import type { Clock, MtlsChannel } from '../ports.js';
import { createBearerResult, createResult } from '../result.js';
import { stringsInJson } from '../secret.js';
import { withDeadline } from '../time/cancellation.js';
import { mergeClaims } from '../token/claims.js';
import { requestToken, tokenUrl } from '../token/token-request.js';
import type { AuthenticationResult } from '../public-types.js';
import { parseAssertion, type AssertionPair } from './assertion-pair.js';
import type { BoundClientAssertionCallback, BoundClientAssertionContext } from './client-assertion.js';
import { AUTO_DETECT_REGION, type ClientCredentialRequest } from './client-credential-request.js';
import { JWT_POP } from './managed-identity-assertion.js';
import type { MtlsAuthority } from './mtls-authority.js';
import { refusedCredential, reportRefusal, type RefusedCredential } from './refused-credential.js';

/** What the flow of one client works with. */
export interface AssertedClient {
  readonly clientId: string;
  readonly authority: MtlsAuthority;
  readonly clientCapabilities: readonly string[];
  readonly clientAssertion: BoundClientAssertionCallback;
  readonly state: SharedState;
  readonly flights: SingleFlight;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retriesEnabled: boolean;
  readonly timeoutMs: number | undefined;
  readonly detectRegion: () => Promise<string | undefined>;
  /** The connections over which a pair is presented. */
  readonly channelOf: (pair: AssertionPair) => MtlsChannel;
}

/** A token, and the pair it was acquired with. */
interface AcquiredToken {
  readonly token: AccessToken;
  readonly pair: AssertionPair;
}

/** What the token endpoint refused. */
export type Refused = NonNullable<BoundClientAssertionContext['refused']>;

/** A token from the cache, refreshed in the background when it is due, or a new one. */
export async function acquireByAssertion(
  request: ClientCredentialRequest,
  client: AssertedClient,
  refused?: Refused,
): Promise<AuthenticationResult> {
  const { clock, state, timeoutMs } = client;
  const { correlationId, signal } = request;
  signal?.throwIfAborted();
  const onTimeout = () =>
    new MsiV2Error('request_timeout', {
      correlationId,
      message: `No token within system.timeout (${String(timeoutMs)} ms).`,
    });
  return withDeadline({ clock, timeoutMs, signal, onTimeout }, async (bounded) => {
    const url = await tokenUrlOf(request, client);
    const pair = await obtainPair(request, client, { url, refused, signal: bounded });
    const exchange = { request, client, url, key: keyOf(request, client, { url, pair }) };
    const mayUseCache = !request.skipCache && request.claims === undefined;
    const cached = mayUseCache ? state.tokens.get(exchange.key, clock.now()) : undefined;
    if (cached !== undefined) {
      startRefresh(exchange, pair, cached.token);
      return toResult(exchange, { token: cached.token, pair }, true);
    }
    const acquired = await client.flights.run(flightKeyOf(exchange), bounded, (flightSignal) =>
      acquireAndKeep(exchange, pair, flightSignal),
    );
    return toResult(exchange, acquired, false);
  });
}

/** One request, where it goes, and the key its token is kept under while the certificate stays the same. */
interface Exchange {
  readonly request: ClientCredentialRequest;
  readonly client: AssertedClient;
  readonly url: string;
  readonly key: string;
}

/** A token for the pair; when the pair is refused, once more with another one. A second failure always propagates. */
async function acquireAndKeep(exchange: Exchange, pair: AssertionPair, signal: AbortSignal): Promise<AcquiredToken> {
  const { request, client, url } = exchange;
  let refusal: RefusedCredential;
  try {
    return keep(exchange, { token: await exchangeToken(exchange, pair, { isRetry: false, signal }), pair });
  } catch (error) {
    const found = refusedCredential(error);
    if (found === undefined) throw error;
    refusal = found;
    const { x5tS256 } = pair.binding.certificate;
    reportRefusal(refusal, { x5tS256, correlationId: request.correlationId, log: client.log });
    if (refusal.part === 'certificate') {
      client.channelOf(pair).retire();
      client.state.tokens.deleteWhere((_key, entry) => entry.binding.certificate.x5tS256 === x5tS256);
    }
    const refused: Refused = { binding: pair.context, part: refusal.part };
    const next = await obtainPair(request, client, { url, refused, signal });
    if (next.assertion === pair.assertion) throw error; // The callback has nothing else: asking again changes nothing.
    pair = next;
  }
  return keep(exchange, { token: await exchangeToken(exchange, pair, { isRetry: true, signal }), pair });
}

function keep(exchange: Exchange, acquired: AcquiredToken): AcquiredToken {
  const { request, client, url } = exchange;
  const { token, pair } = acquired;
  client.state.tokens.set(keyOf(request, client, { url, pair }), { token, binding: pair.binding }, client.clock.now());
  return acquired;
}

function exchangeToken(
  { request, client, url }: Exchange,
  pair: AssertionPair,
  { isRetry, signal }: { isRetry: boolean; signal: AbortSignal },
): Promise<AccessToken> {
  const { clock, log, retriesEnabled, state, clientCapabilities } = client;
  const { correlationId, tokenType } = request;
  const claims = mergeClaims({
    claims: request.claims,
    claimsFromClient: request.claimsFromClient,
    capabilities: clientCapabilities,
  });
  const form = new URLSearchParams({
    client_id: client.clientId,
    grant_type: 'client_credentials',
    scope: request.scope,
    client_assertion_type: JWT_POP,
    client_assertion: pair.assertion,
    client_info: '2',
    ...(tokenType === 'mtls_pop' && { token_type: tokenType }),
    ...(claims !== undefined && { claims }),
  });
  return trace('token', correlationId, () =>
    requestToken(
      {
        tokenUrl: url,
        form,
        channel: client.channelOf(pair),
        x5tS256: pair.binding.certificate.x5tS256,
        expectedTokenType: tokenType,
        correlationId,
        secrets: [pair.assertion, ...(claims === undefined ? [] : stringsInJson(claims))],
        ignoreThrottle: isRetry,
        signal,
      },
      { clock, log, retriesEnabled, throttled: state.throttled },
    ),
  );
}

async function obtainPair(
  request: ClientCredentialRequest,
  client: AssertedClient,
  use: { url: string; refused: Refused | undefined; signal: AbortSignal | undefined },
): Promise<AssertionPair> {
  const { clientId, clientCapabilities } = client;
  const returned: unknown = await client.clientAssertion({
    clientId,
    tokenEndpoint: use.url,
    correlationId: request.correlationId,
    ...(request.claims !== undefined && { claims: request.claims }),
    ...(clientCapabilities.length > 0 && { clientCapabilities }),
    ...(use.signal !== undefined && { signal: use.signal }),
    ...(use.refused !== undefined && { refused: use.refused }),
  });
  use.signal?.throwIfAborted();
  return parseAssertion(returned, request.correlationId);
}

async function tokenUrlOf({ region }: ClientCredentialRequest, { authority, detectRegion }: AssertedClient) {
  const isAuto = region?.toLowerCase() === AUTO_DETECT_REGION.toLowerCase();
  return tokenUrl(authority.baseUrl(isAuto ? await detectRegion() : region), authority.tenantId);
}

/** Nobody waits for it: a failure never reaches a caller whose token is still valid (D26). */
function startRefresh(exchange: Exchange, pair: AssertionPair, token: AccessToken): void {
  const { client } = exchange;
  const key = flightKeyOf(exchange);
  if (token.refreshAfterMs === undefined || client.clock.now() < token.refreshAfterMs || client.flights.has(key))
    return;
  const publish = (status: 'end' | 'error', errorCode?: string) => {
    if (!backgroundChannel.hasSubscribers) return;
    backgroundChannel.publish({
      version: 1,
      work: 'token-refresh',
      status,
      ...(errorCode !== undefined && { errorCode }),
    });
  };
  client.flights
    .run(key, undefined, (signal) => acquireAndKeep(exchange, pair, signal))
    .then(
      () => publish('end'),
      (error: unknown) => {
        client.log.warning(`token-refresh failed in the background (${errorCodeOf(error)})`);
        publish('error', errorCodeOf(error));
      },
    );
}

function keyOf(
  { scope, tokenType, claimsFromClient }: ClientCredentialRequest,
  { clientId, clientCapabilities }: AssertedClient,
  { url, pair }: { url: string; pair: AssertionPair },
): string {
  const { x5tS256 } = pair.binding.certificate;
  return assertedTokenKey({
    tokenUrl: url,
    clientId,
    scope,
    tokenType,
    capabilities: clientCapabilities,
    claimsFromClient,
    x5tS256,
  });
}

const flightKeyOf = ({ key, request }: Exchange): string => assertedFlightKey(key, request);

function toResult(
  { request, client }: Exchange,
  { token, pair }: AcquiredToken,
  fromCache: boolean,
): AuthenticationResult {
  const { resource, scope, correlationId, tokenType } = request;
  const { binding, context } = pair;
  const parts = { token, binding, context, resource, scope, correlationId, fromCache, issuedBy: client.authority };
  return tokenType === 'mtls_pop' ? createResult(parts) : createBearerResult(parts);
}
