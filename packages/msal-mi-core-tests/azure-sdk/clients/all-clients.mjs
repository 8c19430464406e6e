// The newest releases of the clients in docs/azure-sdk.md and docs/http-clients.md: each works with the lines of the page, or
// fails before anything is sent, with an error that says what to use. Runs with node:test from the application in node24.
import { after, before, beforeEach } from 'node:test';
import { describeArmClients } from './arm-clients.mjs';
import { describeAzureClients } from './azure-clients.mjs';
import { describeHttpClients } from './http-clients.mjs';
import { ClientsWorld } from './clients-world.mjs';
import { describeUnsupportedClients } from './unsupported-clients.mjs';

const world = new ClientsWorld();
before(() => world.start());
after(async () => {
  world.assertNothingUnbound();
  await world.emulator.close();
});
beforeEach(() => world.reset());

describeAzureClients(world);
describeArmClients(world);
describeUnsupportedClients(world);
describeHttpClients(world);
