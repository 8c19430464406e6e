// An emulator's IMDS as it would be at 169.254.169.254: the emulator itself answers loopback names only.
import { once } from 'node:events';
import http from 'node:http';

/** @returns `port`, for METADATA_SERVICE_PORT of metadata-address.cjs, and `close()` */
export async function startMetadataService(imdsUrl) {
  const { hostname, port, host } = new URL(imdsUrl);
  const server = http.createServer((incoming, response) => {
    const { method, url: path, headers } = incoming;
    const outgoing = http.request({ hostname, port, method, path, headers: { ...headers, host } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    port: server.address().port,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
