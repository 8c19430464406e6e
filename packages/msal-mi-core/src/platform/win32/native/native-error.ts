/** What `{ api, status }` of a request that failed means. Codes of keys: key-codes.ts. */
import { TransportError, type TransportFailure } from '../../../ports.js';
import type { FailedCall, RequestFailure } from './bindings.js';
import { isKeyGone, NTE } from './key-codes.js';
import { hex } from './hex.js';

/** The failure of an addon's promise; other errors are thrown as they are. */
export function failedCall(error: unknown): FailedCall {
  if (!isFailedCall(error)) throw error;
  const { api, status } = error;
  return { api, status };
}

function isFailedCall(error: unknown): error is FailedCall {
  if (!(error instanceof Error) || !('api' in error) || !('status' in error)) return false;
  return typeof error.api === 'string' && typeof error.status === 'number';
}

/** For a session that could not be opened. A new certificate helps only when this one and its key no longer fit. */
export function toBindFailure({ api, status }: FailedCall): TransportError {
  const isOfPair = isKeyGone({ api, status }) || status === NTE.BAD_PUBLIC_KEY || /^C(?:ert|rypt)/.test(api);
  const call = `${api} failed with ${hex(status)}.`;
  if (isOfPair) {
    const text = `The certificate cannot be used with its key: ${call}`;
    return new TransportError('client_certificate_rejected', 'ERR_KEY_UNUSABLE', text, { api, code: status });
  }
  const text = `TLS with the certificate could not be set up: ${call}`;
  return new TransportError('tls', 'ERR_TLS_CONTEXT', text, { api, code: status });
}

/** Failures of the addon as a {@link TransportError}; every other error as it is. */
export function typedFailure(error: unknown): unknown {
  if (!isFailedCall(error)) return error;
  return toTransportError({
    api: error.api,
    status: error.status,
    proxyStatus: 0,
    secureFailureFlags: 0,
    isNewConnection: false,
    hasAnswerBegun: false,
  });
}

interface Meaning {
  readonly failure: TransportFailure;
  readonly code: string;
  readonly text: string;
}
const meaning = (failure: TransportFailure, code: string, text: string): Meaning => ({ failure, code, text });

const LOST = meaning('connection_lost', 'ECONNRESET', 'The connection was lost');
const TIMEOUT = meaning('timeout', 'ETIMEDOUT', 'The server took too long');
const NO_ANSWER_TO_CERTIFICATE = meaning(
  'closed_before_answer',
  'ECONNRESET',
  'The server closed the connection instead of answering to our certificate',
);
const HANDSHAKE_REFUSED = meaning(
  'client_certificate_rejected',
  'ERR_SSL_HANDSHAKE_FAILURE',
  'The TLS handshake was refused',
);
/** Names neither our certificate nor the server's: versions, ciphers, policies, the security service itself. */
const HANDSHAKE_FAILED = meaning('tls', 'ERR_SSL_HANDSHAKE_FAILURE', 'The TLS handshake failed');
const KEY_UNUSABLE = meaning('client_certificate_rejected', 'ERR_KEY_UNUSABLE', 'Schannel could not use our key');
const NOT_HTTP = meaning('invalid_response', 'ERR_INVALID_RESPONSE', 'The answer was not HTTP');
const UNTRUSTED = meaning('untrusted_server', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', "The server's authority is unknown");
const EXPIRED = meaning('untrusted_server', 'CERT_HAS_EXPIRED', "The server's certificate is out of date");
const WRONG_NAME = meaning(
  'untrusted_server',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  "The server's certificate is for another host",
);
const REVOKED = meaning('untrusted_server', 'CERT_REVOKED', "The server's certificate is revoked");
const WRONG_USAGE = meaning('untrusted_server', 'INVALID_PURPOSE', "The server's certificate is not for servers");
const PROXY_AUTHENTICATION = meaning(
  'unreachable',
  'ERR_PROXY_AUTHENTICATION',
  'The proxy asks for a user name and password, which are not supported',
);
const PROXY_TLS = meaning('unreachable', 'ERR_PROXY_TLS', 'No TLS connection to the proxy');
const NO_PROXY_FOUND = meaning('unreachable', 'ERR_PROXY_CONFIGURATION', 'The proxy configuration could not be used');

/** WinHTTP, Winsock and Schannel codes (winhttp.h, winerror.h). Adding one is one line. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  14: meaning('connection_lost', 'ERR_OUT_OF_MEMORY', 'Memory or threads ran out'),
  38: LOST, // the body ended before its declared length
  10053: LOST,
  10054: LOST,
  10060: TIMEOUT,
  12002: TIMEOUT,
  12007: meaning('unreachable', 'ENOTFOUND', 'The host name was not found'),
  12017: meaning('connection_lost', 'ECONNABORTED', 'The request was cancelled'),
  12029: meaning('unreachable', 'ECONNREFUSED', 'No connection'),
  12030: LOST,
  12037: EXPIRED,
  12038: WRONG_NAME,
  12044: meaning(
    'client_certificate_rejected',
    'ERR_CLIENT_CERTIFICATE_NEEDED',
    'Schannel did not present our certificate',
  ),
  12045: UNTRUSTED,
  12057: meaning('untrusted_server', 'UNABLE_TO_GET_CRL', 'Revocation could not be checked'),
  12152: NOT_HTTP,
  12157: HANDSHAKE_REFUSED,
  12166: NO_PROXY_FOUND,
  12167: NO_PROXY_FOUND,
  12169: UNTRUSTED,
  12170: REVOKED,
  12175: HANDSHAKE_FAILED,
  12179: WRONG_USAGE,
  12180: NO_PROXY_FOUND,
  12181: NOT_HTTP,
  12182: meaning('invalid_response', 'ERR_HEADERS_OVERFLOW', 'The response headers are too large'),
  12185: KEY_UNUSABLE,
  12186: KEY_UNUSABLE,
  12187: meaning('unreachable', 'ERR_PROXY_CLIENT_CERTIFICATE', 'The proxy asks for a client certificate of its own'),
  12188: PROXY_TLS,
  // Schannel. WinHTTP verifies the server itself, so these are what the server says of our certificate in an alert ...
  0x80090327: HANDSHAKE_REFUSED, // 42, 43, 46
  0x80092010: HANDSHAKE_REFUSED, // 44
  0x80090328: HANDSHAKE_REFUSED, // 45
  0x80090325: HANDSHAKE_REFUSED, // 48
  0x8009030c: HANDSHAKE_REFUSED, // 49
  // ... these are about our credential here ...
  0x8009030d: KEY_UNUSABLE,
  0x8009030e: KEY_UNUSABLE,
  0x80090320: KEY_UNUSABLE,
  // ... and these are about neither.
  0x80090322: WRONG_NAME,
  0x80090302: HANDSHAKE_FAILED,
  0x80090304: HANDSHAKE_FAILED,
  0x80090326: HANDSHAKE_FAILED, // 40, 47, 50
  0x80090330: HANDSHAKE_FAILED,
  0x80090331: meaning('tls', 'ERR_SSL_NO_SHARED_CIPHER', 'The server offers no TLS version or cipher that is accepted'),
};

/** WINHTTP_CALLBACK_STATUS_FLAG_*: what SECURE_FAILURE found, the most telling first. */
const SECURE_FAILURES: ReadonlyArray<readonly [flag: number, Meaning]> = [
  [0x04, REVOKED],
  [0x08, UNTRUSTED],
  [0x20, EXPIRED],
  [0x10, WRONG_NAME],
  [0x40, WRONG_USAGE],
  [0x02, UNTRUSTED],
  [0x01, MEANINGS[12057]!],
  [0x80000000, HANDSHAKE_FAILED], // SECURITY_CHANNEL_ERROR: our own side
];

const BEFORE_ANSWER = new Set(['WinHttpSendRequest', 'WinHttpReceiveResponse']);

/** For a request that got no complete answer. */
export function toTransportError(failed: RequestFailure): TransportError {
  const { api, status } = failed;
  const { failure, code, text } = meaningOf(failed);
  return new TransportError(failure, code, `${text} (${api}: ${describeStatus(status)}).`, { api, code: status });
}

function meaningOf(failed: RequestFailure): Meaning {
  const { api, status, secureFailureFlags, proxyStatus } = failed;
  if (proxyStatus === 407) return PROXY_AUTHENTICATION;
  if (proxyStatus !== 0) {
    return meaning('unreachable', 'ERR_PROXY_REFUSED', `The proxy refused the connection with status ${proxyStatus}`);
  }
  // What WinHTTP found is then about the proxy's certificate.
  if (status === 12188) return PROXY_TLS;
  const found = SECURE_FAILURES.find(([flag]) => (secureFailureFlags & flag) !== 0)?.[1];
  if (found !== undefined) return found;
  const known = MEANINGS[status];
  // A server that refuses our certificate after the handshake just closes; so does one that dies on a kept connection.
  const isCutOff = known === LOST || known === NOT_HTTP;
  if (isCutOff && failed.isNewConnection && !failed.hasAnswerBegun && BEFORE_ANSWER.has(api)) {
    return NO_ANSWER_TO_CERTIFICATE;
  }
  return known ?? meaning('connection_lost', `ERR_WINHTTP_${String(status)}`, 'The request failed');
}

function describeStatus(status: number): string {
  return status > 0xffff ? hex(status) : String(status);
}
