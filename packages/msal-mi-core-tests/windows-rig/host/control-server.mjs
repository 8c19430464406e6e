// The other side of the wire, on Linux: emulators and TLS servers that tests inside of Windows start and ask about.
// POST /start {kind, options} -> {id, ...}; POST /call {id, method, args} -> {result}; POST /stop {id}.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { startEmulatorServer } from './emulator-server.mjs';
import { createAuthority } from './pki.mjs';
import { startContractTarget } from './contract-target.mjs';
import { startRevocationServer } from './revocation-server.mjs';
import { startStreamServer } from './stream-server.mjs';

const KINDS = {
  emulator: startEmulatorServer,
  contract: startContractTarget,
  revocation: startRevocationServer,
  stream: startStreamServer,
};

/** @param folder - For throw-away keys. */
export async function startControlServer(folder) {
  const trusted = createAuthority(folder, 'trusted');
  const distrusted = createAuthority(folder, 'distrusted');
  const pki = {
    ca: trusted.ca,
    authority: trusted,
    server: trusted.issueServer('localhost'),
    wrongHost: trusted.issueServer('elsewhere.example'),
    untrusted: distrusted.issueServer('localhost'),
  };
  const servers = new Map();
  let lastId = 0;
  const actions = {
    async start({ kind, options }) {
      const started = await KINDS[kind](options ?? {}, pki);
      const id = String((lastId += 1));
      servers.set(id, started);
      return { id, ca: pki.ca, ...started.description };
    },
    async call({ id, method, args }) {
      return { result: (await servers.get(id).methods[method](...(args ?? []))) ?? null };
    },
    async stop({ id }) {
      await servers.get(id)?.close();
      servers.delete(id);
      return {};
    },
  };
  const server = createServer(async (request, response) => {
    try {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const answer = await actions[request.url.slice(1)](JSON.parse(Buffer.concat(chunks).toString('utf8')));
      response.end(JSON.stringify(answer));
    } catch (error) {
      response.writeHead(500).end(String(error?.stack ?? error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await Promise.all([...servers.values()].map((started) => started.close()));
    },
  };
}
