// The published Azure SDK clients, unchanged, against the emulator: one suite for software keys and Node's TLS, and for
// KeyGuard keys and WinHTTP in the Windows rig. Runs with node:test from an application that has the clients of one
// generation installed (see application.mjs).
import { after, before, beforeEach } from 'node:test';
import { describeBlobServiceClient } from './blobs.mjs';
import { describeGetToken } from './get-token.mjs';
import { describeKeyClient } from './keys.mjs';
import { describeOtherClients } from './other-clients.mjs';
import { describeSecretClient } from './secrets.mjs';
import { describeSemantics } from './semantics.mjs';
import { describeTransport } from './transport.mjs';
import { World } from './world.mjs';

/**
 * @param host.startEmulator - Takes the options of the emulator's own function and resolves with `imdsUrl`, `resources`, `ca`,
 *   `tenantId`, and the asynchronous functions `journal()`, `fault(leg, faults)`, `reset()` and `close()`.
 * @param host.strength - Of the keys of this host.
 */
export function describeAzureSdk(host) {
  const world = new World(host);
  before(() => world.start());
  after(async () => {
    await world.assertNothingUnbound();
    await world.emulator.close();
  });
  beforeEach(() => world.reset());

  describeSecretClient(world);
  describeKeyClient(world);
  describeBlobServiceClient(world);
  describeOtherClients(world);
  describeTransport(world);
  describeSemantics(world);
  describeGetToken(world);
}
