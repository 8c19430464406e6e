// A TLS server whose certificate names a list of revoked ones, and the server of that list.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { startStreamServer } from './stream-server.mjs';

/**
 * @param options.clientCa - PEM of the authority that issued the client certificates.
 * @param options.list - `empty`, `revoked` (names the server's certificate), `gone` (nobody listens), or `silent` (never answers).
 */
export async function startRevocationServer({ clientCa, list }, pki) {
  let lookUps = 0;
  let bytes;
  const lists = createServer((_request, response) => {
    lookUps += 1;
    if (list !== 'silent') response.setHeader('content-type', 'application/pkix-crl').end(bytes);
  });
  lists.listen(0, '127.0.0.1');
  await once(lists, 'listening');
  const issued = pki.authority.issueServer('localhost', `http://127.0.0.1:${lists.address().port}/list.crl`);
  bytes = pki.authority.revocationList(list === 'revoked' ? [issued.cert] : []);
  if (list === 'gone') lists.close();
  const server = await startStreamServer({ clientCa, certificate: 'issued' }, { issued });
  return {
    ...server,
    methods: { ...server.methods, lookUps: () => lookUps },
    async close() {
      lists.closeAllConnections();
      lists.close();
      await server.close();
    },
  };
}
