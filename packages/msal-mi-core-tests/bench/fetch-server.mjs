// The server of the throughput bench, in a process of its own: demands a client certificate and answers /<bytes>.
import https from 'node:https';

const { key, cert, ca } = JSON.parse(process.env.BENCH_TLS);
const bodies = new Map();
const server = https.createServer(
  { key, cert, ca, requestCert: true, rejectUnauthorized: true },
  (request, response) => {
    const length = Number(request.url.slice(1));
    if (!bodies.has(length)) bodies.set(length, Buffer.alloc(length, 'x'));
    response.setHeader('content-length', length);
    response.end(bodies.get(length));
  },
);
server.keepAliveTimeout = 60_000; // Whoever waits for its turn keeps its connections.
server.listen(0, 'localhost', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
