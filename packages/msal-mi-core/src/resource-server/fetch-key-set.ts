/** One request for a key set (RFC 7517 section 5). */
import http from 'node:http';
import https from 'node:https';
import type { JSONWebKeySet } from 'jose';
import { BodyTooLargeError, readBody } from '../transport/exchange.js';
import { VERSION } from '../version.js';

/** How long an issuer may take for its whole answer. */
const TIMEOUT_MS = 5_000;

/** What went wrong, in words that may be shown. */
export class KeySetFailure extends Error {}

/**
 * Not with the platform's fetch: it does not verify the server when NODE_TLS_REJECT_UNAUTHORIZED is 0, and whoever is in
 * between would then choose the keys (D28). No redirect is followed.
 *
 * @throws KeySetFailure
 */
export async function fetchKeySet(url: URL): Promise<JSONWebKeySet> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await get(url, signal);
    if (response.statusCode !== 200) {
      response.destroy();
      throw new KeySetFailure(`HTTP ${response.statusCode}`);
    }
    return parseKeySet(await readBody(response));
  } catch (error) {
    throw signal.aborted ? new KeySetFailure(`no answer within ${TIMEOUT_MS / 1_000} s`) : toFailure(error);
  }
}

function get(url: URL, signal: AbortSignal): Promise<http.IncomingMessage> {
  const headers = { accept: 'application/jwk-set+json, application/json', 'user-agent': `msal-mi-core/${VERSION}` };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? https.get(url, { headers, signal, rejectUnauthorized: true })
        : http.get(url, { headers, signal });
    request.on('response', resolve).on('error', reject);
  });
}

/** A set without keys is what a broken deployment answers: it must not take the place of good keys. */
function parseKeySet(text: string): JSONWebKeySet {
  const keySet: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
  const { keys } = (typeof keySet === 'object' ? (keySet ?? {}) : {}) as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length === 0) throw new KeySetFailure('the answer holds no keys');
  return { keys: keys as JSONWebKeySet['keys'] };
}

function toFailure(error: unknown): KeySetFailure {
  if (error instanceof KeySetFailure) return error;
  if (error instanceof BodyTooLargeError) return new KeySetFailure('the answer is larger than 1 MiB');
  if (error instanceof SyntaxError) return new KeySetFailure('the answer is not JSON');
  const { code } = error as { code?: unknown };
  return new KeySetFailure(typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : 'the connection failed');
}
