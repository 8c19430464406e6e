import { MtlsBindingStrength } from 'msal-mi-core';
import { startEmulator } from 'msal-mi-emulator';
import { describeAzureSdk } from './suite/index.mjs';

describeAzureSdk({
  strength: MtlsBindingStrength.Software,
  async startEmulator(options) {
    const emulator = await startEmulator(options);
    const { imdsUrl, resources, ca, tenantId } = emulator;
    return {
      ...{ imdsUrl, resources, ca, tenantId },
      journal: async () => emulator.journal,
      fault: async (leg, faults) => emulator.fault(leg, faults),
      reset: async () => emulator.reset(),
      close: () => emulator.close(),
    };
  },
});
