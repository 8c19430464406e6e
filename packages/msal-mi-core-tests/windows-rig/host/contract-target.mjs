import { once } from 'node:events';
import { createServer } from 'node:net';
import { startContractServers } from '../../test/contract/fetch-contract-server.mjs';

/** The servers of the fetch contract. `clientCa` issued the client certificates. */
export async function startContractTarget({ clientCa }, pki) {
  const servers = await startContractServers({ ...pki.server, ca: clientCa, untrusted: pki.untrusted });
  const { origin, otherOrigin, untrustedOrigin } = servers;
  return {
    description: { origin, otherOrigin, untrustedOrigin, closedOrigin: await closedOrigin() },
    methods: {},
    close: () => servers.close(),
  };
}

async function closedOrigin() {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return `https://localhost:${port}`;
}
