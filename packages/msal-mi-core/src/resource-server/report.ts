/** What the operator sees of requests that were not served: one log line and one event each, never the token (D29). */
import { readJwtClaims } from '../crypto/jwt.js';
import { refusalChannel, type RefusalEvent } from '../diagnostics/channels.js';
import { createLogger } from '../diagnostics/logger.js';
import { isMsalMiError } from '../errors.js';
import { redact, summarizeForeignError } from '../secret.js';
import type { LoggerOptions } from '../public-types.js';
import { MtlsPopRefusal } from './refusal.js';

const MAX_NAMES = 5;
const MAX_NAME_LENGTH = 200;
const MAX_TOKEN_LENGTH = 64 * 1024;

/** Runs `work` and reports how it failed. */
export async function reporting<T>(
  loggerOptions: LoggerOptions | undefined,
  authorization: unknown,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    report(loggerOptions, authorization, error);
    throw error;
  }
}

function report(loggerOptions: LoggerOptions | undefined, authorization: unknown, error: unknown): void {
  const isRefusal = error instanceof MtlsPopRefusal;
  const reason = isRefusal ? error.reason : isMsalMiError(error) ? error.errorCode : 'unexpected_error';
  const message = isMsalMiError(error) ? error.errorMessage : summarizeForeignError(error);
  const seen = claimedNames(authorization);
  const names = Object.entries(seen).map(([name, value]) => `, ${name} ${JSON.stringify(value)}`);
  const line = `resource server: refused a request: ${reason}: ${message}${
    names.length === 0 ? '' : ` The token claims${names.join('').slice(1)}.`
  }`;
  const log = createLogger(loggerOptions);
  if (isRefusal) log.info(line);
  else log.warning(line);
  if (!refusalChannel.hasSubscribers) return;
  const event: RefusalEvent = { version: 1, reason, statusCode: statusOf(error), ...seen };
  refusalChannel.publish(event);
}

/** What the token says of itself, which nobody has verified: foreign text, cut and redacted. */
function claimedNames(authorization: unknown): Pick<RefusalEvent, 'issuer' | 'audience'> {
  if (typeof authorization !== 'string' || authorization.length > MAX_TOKEN_LENGTH) return {};
  const token = authorization.trim().split(' ').at(-1) ?? '';
  const { iss, aud } = readJwtClaims(token) ?? {};
  const issuer = toName(iss);
  const audience = toName(aud);
  return { ...(issuer !== undefined && { issuer }), ...(audience !== undefined && { audience }) };
}

function toName(value: unknown): string | undefined {
  const names = (Array.isArray(value) ? (value as unknown[]) : [value]).slice(0, MAX_NAMES);
  const texts = names.filter((name) => typeof name === 'string');
  return texts.length === 0 ? undefined : texts.map((text) => redact(text.slice(0, MAX_NAME_LENGTH))).join(', ');
}

function statusOf(error: unknown): number {
  const { statusCode } = (isMsalMiError(error) ? error : {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}

/** The `code` of whatever was thrown. */
export function errorCodeOf(error: unknown): string | undefined {
  try {
    const { code } = error as { code?: unknown };
    return typeof code === 'string' ? code : undefined;
  } catch {
    return undefined;
  }
}
