import { subscribe } from 'node:diagnostics_channel';
import { setImmediate } from 'node:timers/promises';
import { startEmulator } from 'msal-mi-emulator';

/** Every server of this process that has got a request. */
const servers = new Set();
subscribe('http.server.request.start', ({ server }) => servers.add(server));

export async function startEmulatorServer(options) {
  let aheadMs = 0;
  const emulator = await startEmulator({ ...options, now: () => Date.now() + aheadMs });
  const { imdsUrl, tokenUrl, maaUrl, resources, ca, tenantId, systemAssigned, identities } = emulator;
  const ports = new Set([tokenUrl, ...Object.values(resources)].map((url) => Number(new URL(url).port)));
  return {
    description: { imdsUrl, tokenUrl, maaUrl, resources, emulatorCa: ca, tenantId, systemAssigned, identities },
    methods: {
      journal: () => emulator.journal,
      fault: (leg, faults) => emulator.fault(leg, faults),
      // In Wine a kept connection outlives its binding, and the request on it the client that aborted it.
      async reset() {
        for (const server of servers) if (ports.has(server.address()?.port)) server.closeAllConnections();
        await setImmediate();
        emulator.reset();
      },
      // The clock of the cloud alone: what it has issued so far grows older.
      advance: (seconds) => void (aheadMs += seconds * 1000),
    },
    close: () => emulator.close(),
  };
}
