import { startEmulator } from 'msal-mi-emulator';

export async function startEmulatorServer(options) {
  const emulator = await startEmulator(options);
  const { imdsUrl, tokenUrl, maaUrl, resources, ca, tenantId, systemAssigned, identities } = emulator;
  return {
    description: { imdsUrl, tokenUrl, maaUrl, resources, emulatorCa: ca, tenantId, systemAssigned, identities },
    methods: {
      journal: () => emulator.journal,
      fault: (leg, faults) => emulator.fault(leg, faults),
      reset: () => emulator.reset(),
    },
    close: () => emulator.close(),
  };
}
