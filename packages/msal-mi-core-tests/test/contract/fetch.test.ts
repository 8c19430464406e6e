import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { fetchOverChannel } from 'core/fetch/channel-fetch.js';
import type { MtlsChannel } from 'core/ports.js';
import { createTestPki, openSoftwareChannel } from '../support/test-pki.js';
import { defineFetchContract } from './fetch-contract.mjs';
import { startContractServers, type ContractServers } from './fetch-contract-server.mjs';

describe('fetch over a channel of the software transport', () => {
  let servers: ContractServers;
  let closedOrigin: string;
  let channel: MtlsChannel;
  let certificate: X509Certificate;

  beforeAll(async () => {
    const pki = await createTestPki();
    servers = await startContractServers({ ...pki.server, ca: pki.authority.pem, untrusted: pki.untrustedServer });
    closedOrigin = await originNobodyListensAt();
    ({ channel, certificate } = await openSoftwareChannel(pki.authority));
  }, 60_000);
  afterAll(async () => {
    channel.retire();
    await servers.close();
  });

  defineFetchContract({
    test,
    assert,
    makeFetch: () => (input, init) => fetchOverChannel(channel, input, init),
    servers: () => ({ ...servers, closedOrigin }),
    clientThumbprint: () => certificate.fingerprint256,
  });
});

async function originNobodyListensAt(): Promise<string> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `https://localhost:${address.port}`;
}
