/**
 * The public types. Field names follow `@azure/msal-node`, so that its configuration objects are accepted unchanged and
 * our results can be assigned to its `AuthenticationResult`. Types only: values are in `public-types/constants.ts`.
 */
export type * from './public-types/attestation-provider.js';
export type * from './public-types/capabilities.js';
export type * from './public-types/configuration.js';
export type * from './public-types/constants.js';
export type * from './public-types/request.js';
export type * from './public-types/result.js';
