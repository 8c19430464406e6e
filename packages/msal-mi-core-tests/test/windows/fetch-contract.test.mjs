// The contract of `fetch` over a bound channel, on WinHTTP. The same one runs on the software transport in jest.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManagedIdentityApplication } from 'msal-mi-core';
import { defineFetchContract } from '../contract/fetch-contract.mjs';
import { isWine, start, startWorld } from '../guest/rig.mjs';

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
const WINE_DIFFERS = {};

defineFetchContract({
  test: (name, body) => {
    const reason = isWine && Object.entries(WINE_DIFFERS).find(([start]) => name.startsWith(start))?.[1];
    test(name, { skip: reason || false }, body);
  },
  assert,
  makeFetch: () => binding.fetch.bind(binding),
  servers: () => target,
  clientThumbprint: () => binding.certificate.thumbprintSha256.toUpperCase().match(/../g).join(':'),
});
