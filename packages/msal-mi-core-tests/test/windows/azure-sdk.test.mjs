// The Azure SDK clients with a KeyGuard key over WinHTTP: the suite that Linux runs too.
import { MtlsBindingStrength } from 'msal-mi-core';
import { describeAzureSdk } from '../azure-sdk/suite/index.mjs';
import { startWorld } from '../guest/rig.mjs';

// Key Vault asks for the certificate late; read when the first key is opened.
process.env.KEYGUARD_SIM_RENEGOTIATE = '1';

describeAzureSdk({
  strength: MtlsBindingStrength.KeyGuard,
  async startEmulator(options) {
    const emulator = await startWorld('azure-sdk', options);
    const { imdsUrl, resources, emulatorCa, tenantId } = emulator;
    return {
      ...{ imdsUrl, resources, tenantId, ca: emulatorCa },
      journal: () => emulator.call('journal'),
      fault: (leg, faults) => emulator.call('fault', leg, faults),
      reset: () => emulator.call('reset'),
      close: () => emulator.close(),
    };
  },
});
