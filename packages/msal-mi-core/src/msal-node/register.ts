/**
 * Puts `@azure/msal-node` within reach of bearer requests where it cannot be found by name, as in bundles and single
 * executables: `import 'msal-mi-core/msal-node'`. It is loaded with the first bearer request. The first registration stays.
 *
 * @packageDocumentation
 */
import { REGISTRATION } from './msal-node.js';

if (!Object.hasOwn(globalThis, REGISTRATION)) {
  // Not enumerable and not writable: nothing replaces it by accident.
  const value = (): Promise<unknown> => import('@azure/msal-node');
  Object.defineProperty(globalThis, REGISTRATION, { value, configurable: true });
}
