// The contract of `fetch` over a bound channel, on WinHTTP. The same one runs on the software transport in jest.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManagedIdentityApplication } from 'msal-mi-core';
import { defineFetchContract } from '../contract/fetch-contract.mjs';
import { notInWine, start, startWorld } from '../guest/rig.mjs';

let emulator;
let target;
let binding;
before(async () => {
  emulator = await startWorld('fetch-contract');
  target = await start('contract', { clientCa: emulator.emulatorCa });
  const app = new ManagedIdentityApplication();
  ({ binding } = await app.acquireToken({ resource: 'https://graph.microsoft.com', mtlsProofOfPossession: true }));
});
after(() => Promise.all([emulator, target].map((server) => server.close())));

/** What Wine's WinHTTP does otherwise than Windows', by the beginning of the test's name. */
const CHUNKED_DOWN = 'delivers a chunk only when the next one begins';
const WINE_DIFFERS = {
  'delivers the first part of a body before the second is sent': CHUNKED_DOWN,
  'cancelling while a read is pending': CHUNKED_DOWN,
  'aborting while the body is read': CHUNKED_DOWN,
  'aborting while waiting for headers': 'keeps the connection until what it waits for ends',
  'gives the answer that came before the upload ended': 'has no answer to give once a write has failed',
  'a server whose certificate is not trusted':
    'has one code for every handshake that fails; test/windows/tls.test.mjs looks at the refusal',
};

defineFetchContract({
  test: (name, body) => {
    const reason = Object.entries(WINE_DIFFERS).find(([start]) => name.startsWith(start))?.[1];
    test(name, { skip: reason !== undefined && notInWine(reason), timeout: 60_000 }, body);
  },
  assert,
  makeFetch: () => binding.fetch.bind(binding),
  servers: () => target,
  clientThumbprint: () => binding.certificate.thumbprintSha256.toUpperCase().match(/../g).join(':'),
});
