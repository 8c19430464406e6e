import { startEmulator } from 'msal-mi-emulator';

export async function startEmulatorServer(options) {
  let aheadMs = 0;
  const emulator = await startEmulator({ ...options, now: () => Date.now() + aheadMs });
  const { imdsUrl, tokenUrl, maaUrl, resources, ca, tenantId, systemAssigned, identities } = emulator;
  return {
    description: { imdsUrl, tokenUrl, maaUrl, resources, emulatorCa: ca, tenantId, systemAssigned, identities },
    methods: {
      journal: () => emulator.journal,
      fault: (leg, faults) => emulator.fault(leg, faults),
      reset: () => emulator.reset(),
      // The clock of the cloud alone: what it has issued so far grows older.
      advance: (seconds) => void (aheadMs += seconds * 1000),
    },
    close: () => emulator.close(),
  };
}
