// A TLS server that counts what it sees: connections, requests, bytes, client certificates.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

const PIECE = Buffer.alloc(64 * 1024, 'x');

/**
 * @param options.clientCa - PEM of the authority that issued the client certificates.
 * @param options.certificate - `server` (default), `wrongHost` or `untrusted`.
 * @param options.demand - False: works without a client certificate too. Default: true.
 * @param options.keepAlive - False: every connection serves one request. Default: true.
 */
export async function startStreamServer({ clientCa, certificate = 'server', demand = true, keepAlive = true }, pki) {
  const seen = {
    connections: 0,
    handshakes: 0,
    requests: 0,
    open: 0,
    mostOpen: 0,
    aborted: 0,
    thumbprints: [],
    protocols: [],
    tlsErrors: [],
  };
  const tls = { ...pki[certificate], ca: clientCa, requestCert: true, rejectUnauthorized: demand };
  const server = https.createServer({ ...tls, keepAliveTimeout: 60_000 }, (request, response) => {
    seen.requests += 1;
    seen.open += 1;
    seen.mostOpen = Math.max(seen.mostOpen, seen.open);
    seen.thumbprints.push(
      request.socket.getPeerCertificate()?.fingerprint256?.replaceAll(':', '').toLowerCase() ?? null,
    );
    seen.protocols.push(request.socket.getProtocol());
    if (!keepAlive) response.setHeader('connection', 'close');
    response.on('close', () => {
      seen.open -= 1;
      if (!response.writableFinished) seen.aborted += 1;
    });
    request.on('error', () => undefined);
    const url = new URL(request.url, 'https://localhost');
    ROUTES[url.pathname](request, response, url, seen).catch(() => response.destroy());
  });
  server.on('connection', () => (seen.connections += 1));
  server.on('secureConnection', () => (seen.handshakes += 1));
  server.on('tlsClientError', (error) => seen.tlsErrors.push(error.code ?? error.message));
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address();
  return {
    description: { origin: `https://localhost:${port}`, port },
    methods: {
      seen: () => seen,
      forget: () =>
        Object.assign(seen, {
          connections: 0,
          handshakes: 0,
          requests: 0,
          mostOpen: 0,
          aborted: 0,
          thumbprints: [],
          protocols: [],
          tlsErrors: [],
        }),
    },
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const ROUTES = {
  async '/hello'(_request, response) {
    response.end('hello');
  },
  // ?bytes=
  async '/download'(_request, response, url) {
    const bytes = Number(url.searchParams.get('bytes'));
    response.setHeader('content-length', bytes);
    for (let sent = 0; sent < bytes; sent += PIECE.length) {
      if (!response.write(PIECE.subarray(0, Math.min(PIECE.length, bytes - sent)))) await once(response, 'drain');
    }
    response.end();
  },
  // Answers without reading the body, and closes.
  async '/too-large'(_request, response) {
    response.writeHead(413, { connection: 'close' }).end('too large');
  },
  async '/upload'(request, response) {
    const digest = createHash('sha256');
    let bytes = 0;
    for await (const chunk of request) {
      digest.update(chunk);
      bytes += chunk.length;
    }
    response.end(JSON.stringify({ bytes, sha256: digest.digest('hex'), headers: request.headers }));
  },
  // ?requests=: nothing is answered before so many were open at the same time
  async '/together'(_request, response, url, seen) {
    while (seen.mostOpen < Number(url.searchParams.get('requests'))) await delay(20);
    response.end('together');
  },
  // ?ms=: the head comes late; ?bodyMs=: the second half of the body does
  async '/slow'(_request, response, url) {
    await delay(Number(url.searchParams.get('ms') ?? 0));
    response.setHeader('content-length', 12);
    response.write('first ');
    await delay(Number(url.searchParams.get('bodyMs') ?? 0));
    response.end('second');
  },
};
