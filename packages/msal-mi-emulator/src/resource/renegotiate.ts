import { constants, type X509Certificate } from 'node:crypto';
import type { TLSSocket, TlsOptions } from 'node:tls';

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * TLS options of a server that asks for the client certificate only when a request wants it. Without the two flags the second
 * handshake would resume the first session, and no certificate would be asked for.
 */
export const RENEGOTIATING_TLS: TlsOptions = {
  maxVersion: 'TLSv1.2',
  ALPNProtocols: ['http/1.1'],
  requestCert: false,
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION,
};

/**
 * Asks the client for its certificate in a second handshake (RFC 5246 section 7.4.1.1, HelloRequest).
 * Call it between two requests only: application data must not cross the handshake.
 * @returns the certificate; undefined when the client has none or does not answer
 */
export async function requestCertificate(socket: TLSSocket): Promise<X509Certificate | undefined> {
  const known = socket.getPeerX509Certificate();
  if (known || !socket.writable) return known;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ANSWER_TIMEOUT_MS);
    const done = (): void => {
      clearTimeout(timer);
      socket.off('close', done);
      resolve();
    };
    socket.once('close', done);
    // The chain is judged by the resource, which can say why it refuses; a TLS alert could not.
    socket.renegotiate({ requestCert: true, rejectUnauthorized: false }, done);
  });
  return socket.destroyed ? undefined : socket.getPeerX509Certificate();
}
