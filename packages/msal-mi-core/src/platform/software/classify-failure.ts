/** From OpenSSL's and Node's error codes to the failures that the flow distinguishes. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isTransportError, TransportError } from '../../ports.js';

/** How far a connection had come. `established` means: handshake done, no byte of an answer yet. */
export type ConnectionPhase = 'connect' | 'handshake' | 'established' | 'reused' | 'body';

const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE']);

/**
 * TLS alerts by which a server refuses a client certificate (D22; RFC 8446 section 6.2): bad_certificate,
 * unsupported_certificate, certificate_revoked, certificate_expired, certificate_unknown, unknown_ca, access_denied,
 * certificate_required. Not handshake_failure: it says as well that no cipher is shared.
 */
const CERTIFICATE_ALERTS = new Set([42, 43, 44, 45, 46, 48, 49, 116]);

export function classifyFailure(
  error: NodeJS.ErrnoException,
  phase: ConnectionPhase,
  socket: Socket | undefined,
): TransportError {
  if (isTransportError(error)) return error;
  const code = error.code ?? 'ERR_UNKNOWN';
  // Set by Node before it gives up on a server whose certificate did not verify.
  if (phase === 'handshake' && socket instanceof TLSSocket && isUnauthorized(socket)) {
    return new TransportError('untrusted_server', code, `The server's certificate was not accepted (${code}).`);
  }
  const alert = /SSL alert number (\d+)/.exec(error.message)?.[1];
  if (alert !== undefined) {
    if (!CERTIFICATE_ALERTS.has(Number(alert)) || phase === 'body') {
      return new TransportError('tls', code, `The TLS connection failed (alert ${alert}).`);
    }
    return refused(phase, code, `The server refused our certificate (alert ${alert}).`);
  }
  if (LOST.has(code)) return lost(code, phase);
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_OSSL_') || code === 'EPROTO') {
    return new TransportError('tls', code, `The TLS connection failed (${code}).`);
  }
  if (code.startsWith('HPE_'))
    return new TransportError('invalid_response', code, `The answer was not HTTP (${code}).`);
  if (code === 'ETIMEDOUT') return new TransportError('timeout', code, 'The connection timed out.');
  if (phase === 'connect') return new TransportError('unreachable', code, `No connection (${code}).`);
  return new TransportError('connection_lost', code, `The connection failed (${code}).`);
}

/**
 * Servers that verify the certificate after the handshake (all of TLS 1.3, and Node.js) just close a connection whose
 * certificate they refuse, so a new connection that is closed before the first byte may be a refusal.
 */
function lost(code: string, phase: ConnectionPhase): TransportError {
  if (phase === 'connect') return new TransportError('unreachable', code, `No connection (${code}).`);
  if (phase === 'handshake' || phase === 'established') {
    const moment = phase === 'handshake' ? 'during the handshake' : 'before it answered';
    return refused(phase, code, `The server closed the connection ${moment} (${code}).`);
  }
  return new TransportError('connection_lost', code, `The connection was lost (${code}).`);
}

/** Null until the handshake is done, then the code of what was wrong, if anything was. */
function isUnauthorized(socket: TLSSocket): boolean {
  return Boolean(socket.authorizationError);
}

/** Once the handshake is done, the request is on its way: what happens then is not told from a lost answer. */
function refused(phase: ConnectionPhase, code: string, message: string): TransportError {
  const isHandshake = phase === 'connect' || phase === 'handshake';
  return new TransportError(isHandshake ? 'client_certificate_rejected' : 'closed_before_answer', code, message);
}
