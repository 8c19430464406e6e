export { startEmulator } from './emulator.js';
export { EmulatorError, type EmulatorErrorCode } from './errors.js';
export type {
  EmulatedIdentity,
  Emulator,
  EmulatorOptions,
  EmulatorServer,
  Fault,
  FaultLeg,
  JournalEntry,
  TlsAlert,
} from './types.js';
