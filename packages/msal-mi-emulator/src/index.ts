export { startEmulator } from './emulator.js';
export { EmulatorError, type EmulatorErrorCode } from './errors.js';
export type {
  EmulatedIdentity,
  Emulator,
  EmulatorOptions,
  EmulatorServer,
  JournalEntry,
  TokenNotAfter,
} from './types.js';
export type {
  EntraRefusalName,
  Fault,
  FaultLeg,
  ImdsRefusalName,
  Outage,
  ResourceRefusalName,
  TlsAlert,
} from './faults/fault-types.js';
