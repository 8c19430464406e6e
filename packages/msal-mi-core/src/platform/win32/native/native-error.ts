/** The one place where `{ api, status }` of the addon gets a meaning. */
import { MsiV2Error } from '../../../errors.js';
import { TransportError, type TransportFailure } from '../../../ports.js';
import type { FailedCall, RequestFailure } from './bindings.js';

/** NTSTATUS-like codes of the key storage providers (winerror.h). */
export const NTE = {
  BAD_PUBLIC_KEY: 0x80090015,
  BAD_KEYSET: 0x80090016,
  NO_KEY: 0x8009000d,
  NOT_FOUND: 0x80090011,
  BAD_FLAGS: 0x80090009,
  NOT_SUPPORTED: 0x80090029,
  BAD_KEY_STATE: 0x8009000b,
  DEVICE_NOT_READY: 0x80090030,
  VBS_UNAVAILABLE: 0x80890014,
  VBS_CANNOT_DECRYPT_KEY: 0x80890015,
} as const;

const CREATING = new Set(['NCryptCreatePersistedKey', 'NCryptSetProperty', 'NCryptFinalizeKey']);

/** The host has no virtualization-based security: an isolated key cannot be made here. Not a failure of the host. */
export function isIsolationUnavailable({ api, status }: FailedCall): boolean {
  return (
    CREATING.has(api) && (status === NTE.VBS_UNAVAILABLE || status === NTE.NOT_SUPPORTED || status === NTE.BAD_FLAGS)
  );
}

/** A new key in its place may work. Anything that is wrong with the provider itself would fail again. */
export function isKeyReplaceable({ api }: FailedCall): boolean {
  return api === 'NCryptOpenKey' || api === 'NCryptSignHash' || api === 'NCryptExportKey';
}

/** The failure of an addon's promise; other errors are thrown as they are. */
export function failedCall(error: unknown): FailedCall {
  if (error instanceof Error && 'api' in error && 'status' in error) {
    const { api, status } = error;
    if (typeof api === 'string' && typeof status === 'number') return { api, status };
  }
  throw error;
}

/** For a key that could not be opened or created. */
export function toKeyUnavailable({ api, status }: FailedCall): MsiV2Error {
  return new MsiV2Error('key_unavailable', {
    stage: 'key',
    message: `The isolated key could not be opened or created: ${api} failed with ${hex(status)}.`,
    retryable: status === NTE.DEVICE_NOT_READY,
    win32: { api, code: status },
  });
}

/** For a key that did not sign. */
export function toKeyOperationFailed({ api, status }: FailedCall): MsiV2Error {
  return new MsiV2Error('key_operation_failed', {
    stage: 'key',
    message:
      status === NTE.BAD_PUBLIC_KEY
        ? 'Another process replaced the key.'
        : `The key could not sign: ${api} failed with ${hex(status)}.`,
    win32: { api, code: status },
  });
}

/** A session needs the key and the certificate: without them no server can be shown either. */
export function toBindFailure({ api, status }: FailedCall): TransportError {
  const failure: TransportFailure = api.startsWith('WinHttp') ? 'tls' : 'client_certificate_rejected';
  return new TransportError(
    failure,
    failure === 'tls' ? 'ERR_TLS_CONTEXT' : 'ERR_KEY_UNUSABLE',
    `The certificate cannot be used with its key: ${api} failed with ${hex(status)}.`,
    { api, code: status },
  );
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
const NO_PROXY_FOUND = meaning('unreachable', 'ERR_PROXY_CONFIGURATION', 'The proxy configuration could not be used');

/** WinHTTP, Winsock and Schannel codes (winhttp.h, winerror.h). Adding one is one line. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
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
  12175: meaning('tls', 'ERR_SSL_HANDSHAKE_FAILURE', 'The TLS handshake failed'),
  12179: WRONG_USAGE,
  12180: NO_PROXY_FOUND,
  12181: NOT_HTTP,
  12182: meaning('invalid_response', 'ERR_HEADERS_OVERFLOW', 'The response headers are too large'),
  12185: KEY_UNUSABLE,
  12186: KEY_UNUSABLE,
  0x80090322: WRONG_NAME,
  0x80090325: UNTRUSTED,
  0x80090326: HANDSHAKE_REFUSED,
  0x80090304: KEY_UNUSABLE,
  0x8009030d: KEY_UNUSABLE,
  0x8009030e: KEY_UNUSABLE,
  0x80090327: HANDSHAKE_REFUSED,
  0x80090328: HANDSHAKE_REFUSED,
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
  [0x80000000, HANDSHAKE_REFUSED],
];

const BEFORE_ANSWER = new Set(['WinHttpSendRequest', 'WinHttpReceiveResponse']);

/** For a request that got no complete answer. */
export function toTransportError(failed: RequestFailure): TransportError {
  const { api, status } = failed;
  const { failure, code, text } = meaningOf(failed);
  return new TransportError(failure, code, `${text} (${api}: ${describeStatus(status)}).`, { api, code: status });
}

function meaningOf(failed: RequestFailure): Meaning {
  const { api, status, secureFailureFlags } = failed;
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

function hex(status: number): string {
  return `0x${status.toString(16).padStart(8, '0')}`;
}
