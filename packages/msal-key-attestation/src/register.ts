/**
 * Registers the default provider for applications where msal-mi-core cannot find this package by name, such as bundled
 * ones: `import 'msal-key-attestation/register'`. The first registration stays.
 *
 * @packageDocumentation
 */
import { attestationProvider } from './index.js';

/** Where msal-mi-core looks for a registered provider. */
const REGISTRATION = Symbol.for('msal-mi/attestation-provider');

if (!Object.hasOwn(globalThis, REGISTRATION)) {
  // Not enumerable and not writable: nothing replaces it by accident.
  Object.defineProperty(globalThis, REGISTRATION, { value: attestationProvider, configurable: true });
}
