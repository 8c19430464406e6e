/**
 * Step 7: the token request over the binding's own TLS connections (D19, D24). The only token exchange of the
 * product: managed identities and the second leg of federated credentials both go through it.
 */
import { hostPlatform } from '../host-platform.js';
import { throttleKey } from '../cache/cache-key.js';
import { MsiV2Error } from '../errors.js';
import type { Logger } from '../diagnostics/logger.js';
import type { AccessToken } from '../model.js';
import { TransportError, type Clock, type MtlsChannel } from '../ports.js';
import { BodyTooLargeError, readBody } from '../transport/body.js';
import { TOKEN_POLICY, sendWithRetries } from '../transport/retry.js';
import { VERSION } from '../version.js';
import { assertNotThrottled, parseRetryAfter, remember } from './throttle.js';
import { processTokenResponse, type TokenAnswer } from './token-response.js';

/** What is asked for, and over which certificate. */
export interface TokenExchange {
  readonly tokenUrl: string;
  readonly form: URLSearchParams;
  readonly channel: MtlsChannel;
  /** base64url SHA-256 of the certificate that `channel` presents. */
  readonly x5tS256: string;
  /** Bound bearer tokens of federated credentials are `Bearer`. */
  readonly expectedTokenType: 'mtls_pop' | 'Bearer';
  readonly correlationId: string;
  /** Values that must not show up in an error when the service repeats them. */
  readonly secrets: readonly string[];
  /** True for the one request after a re-mint: throttling never blocks self-healing. */
  readonly ignoreThrottle: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface TokenSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly retriesEnabled: boolean;
  readonly throttled: Map<string, number>;
}

const ATTEMPT_TIMEOUT_MS = 30_000;
const SKU = 'msal-mi.node';

/** Address of the token endpoint of a tenant. */
export function tokenUrl(endpoint: string, tenantId: string): string {
  return `${endpoint}/${tenantId}/oauth2/v2.0/token`;
}

/** A token that passed every check (D21). */
export async function requestToken(exchange: TokenExchange, surroundings: TokenSurroundings): Promise<AccessToken> {
  const { clock, log, retriesEnabled, throttled } = surroundings;
  const key = throttleKey(exchange);
  if (!exchange.ignoreThrottle) assertNotThrottled(throttled, key, clock, exchange.correlationId);
  try {
    const answer = await sendWithRetries(
      TOKEN_POLICY,
      {
        clock,
        log,
        retriesEnabled,
        stage: 'token',
        attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
        signal: exchange.signal,
      },
      (signal) => sendOnce(exchange, signal),
    );
    const waitMs = parseRetryAfter(answer.headers['retry-after'], clock.now());
    if (waitMs !== undefined && (answer.status === 429 || answer.status >= 500)) {
      remember(throttled, key, waitMs, clock.now());
    }
    return processTokenResponse(answer, exchange, clock);
  } catch (error) {
    throw error instanceof TransportError ? toTokenError(error, exchange.correlationId) : error;
  }
}

async function sendOnce(exchange: TokenExchange, signal: AbortSignal | undefined): Promise<TokenAnswer> {
  const { correlationId } = exchange;
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
    ...(signal !== undefined && { signal }),
  });
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of response.headers) headers[name.toLowerCase()] = value;
  const body = await readBody(response.body).catch((error: unknown) => {
    throw error instanceof BodyTooLargeError
      ? new TransportError('invalid_response', 'ERR_BODY_TOO_LARGE', error.message)
      : error;
  });
  return { status: response.status, headers, body, hasRetryAfter: headers['retry-after'] !== undefined };
}

function toTokenError(error: TransportError, correlationId: string): MsiV2Error {
  const details = {
    stage: 'token',
    correlationId,
    cause: error,
    ...(error.win32 !== undefined && { win32: error.win32 }),
  } as const;
  switch (error.failure) {
    case 'timeout':
      return new MsiV2Error('request_timeout', { ...details, message: 'The token endpoint did not answer in time.' });
    case 'invalid_response':
      return new MsiV2Error('invalid_token_response', { ...details, message: error.message });
    case 'untrusted_server':
      return new MsiV2Error('managed_identity_unreachable_network', {
        ...details,
        message: `The certificate of the token endpoint was not accepted (${error.code}).`,
        retryable: false,
      });
    default:
      return new MsiV2Error('managed_identity_unreachable_network', {
        ...details,
        message: `The token endpoint could not be used: ${error.message}`,
      });
  }
}
