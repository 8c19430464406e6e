/**
 * Step 7: the token request over the binding's own TLS connections (D19, D24). The only token exchange of the
 * product: managed identities and the second leg of federated credentials both go through it.
 */
import type { Call } from '../call.js';
import { throttleKey } from '../cache/cache-key.js';
import { hostPlatform } from '../host-platform.js';
import type { AccessToken } from '../model.js';
import { isTransportError, type MtlsChannel, TransportError } from '../ports.js';
import { BodyTooLargeError, readBody, sendWithRetries, TOKEN_POLICY } from '../transport/exchange.js';
import { VERSION } from '../version.js';
import { assertNotThrottled, parseRetryAfter, remember, waitAskedFor } from './throttle.js';
import { processTokenResponse, type Expectation, type TokenAnswer } from './token-response.js';

/** What is asked for, and over which certificate. */
export interface TokenExchange extends Expectation {
  readonly form: URLSearchParams;
  /** Presents the certificate that `x5tS256` names. */
  readonly channel: MtlsChannel;
  /** True for the one request after a re-mint: throttling never blocks self-healing. */
  readonly ignoreThrottle: boolean;
}

const EXCHANGE = { stage: 'token', method: 'POST', attemptTimeoutMs: 30_000 } as const;
const SKU = 'msal-mi.node';

/** Address of the token endpoint of a tenant. */
export function tokenUrl(endpoint: string, tenantId: string): string {
  return `${endpoint}/${tenantId}/oauth2/v2.0/token`;
}

/**
 * A token that passed every check of D21.
 *
 * @param throttled - Throttle key -> end of the wait. Read, and written when the endpoint asks to wait.
 */
export async function requestToken(
  exchange: TokenExchange,
  throttled: Map<string, number>,
  call: Call,
): Promise<AccessToken> {
  const key = throttleKey(exchange);
  if (throttled.has(key) && !exchange.ignoreThrottle) assertNotThrottled(throttled, key, exchange.tokenUrl, call);
  try {
    const answer = await sendWithRetries(TOKEN_POLICY, { ...EXCHANGE, url: exchange.tokenUrl }, call, (signal) =>
      sendOnce(exchange, call, signal),
    );
    const waitMs = answer.status < 400 ? undefined : waitAskedFor(answer, call.clock.now());
    if (waitMs !== undefined) {
      remember(throttled, key, waitMs, call.clock);
      call.log.warning(`token: identical requests wait ${Math.ceil(waitMs / 1_000)} s, as HTTP ${answer.status} asks`);
    }
    if (answer.status >= 200 && answer.status <= 299) return processTokenResponse(answer, exchange, call);
    throw (await loadFailures()).refusedToken(answer, exchange, call);
  } catch (error) {
    throw isTransportError(error) ? (await loadFailures()).unreachable(error, exchange, call) : error;
  }
}

/** With the advice for all of them: only those who fail pay for it. */
function loadFailures(): Promise<typeof import('./token-failure.js')> {
  return import('./token-failure.js');
}

async function sendOnce(
  exchange: TokenExchange,
  { clock, correlationId }: Pick<Call, 'clock' | 'correlationId'>,
  signal: AbortSignal | undefined,
): Promise<TokenAnswer> {
  const response = await exchange.channel.send({
    method: 'POST',
    url: new URL(exchange.tokenUrl),
    headers: [
      ['accept', 'application/json'],
      ['content-type', 'application/x-www-form-urlencoded;charset=utf-8'],
      ['client-request-id', correlationId],
      ['return-client-request-id', 'true'],
      ['x-client-sku', SKU],
      ['x-client-ver', VERSION],
      ['x-client-os', hostPlatform()],
      ['x-ms-lib-capability', 'retry-after, h429'],
    ],
    body: Buffer.from(exchange.form.toString(), 'utf8'),
    idempotent: true,
    keepsProcess: false,
    ...(signal !== undefined && { signal }),
  });
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of response.headers) headers[name.toLowerCase()] = value;
  const body = await readBody(response.body).catch((error: unknown) => {
    throw error instanceof BodyTooLargeError
      ? new TransportError('invalid_response', 'ERR_BODY_TOO_LARGE', error.message)
      : error;
  });
  const retryAfter = headers['retry-after'];
  const hasRetryAfter = retryAfter !== undefined && parseRetryAfter(retryAfter, clock.now()) !== undefined;
  return { status: response.status, headers, body, hasRetryAfter };
}
