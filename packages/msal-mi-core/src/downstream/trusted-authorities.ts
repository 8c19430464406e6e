/**
 * Name of the application's member that says which authorities (PEM) its connections trust: undefined for the defaults
 * of the process. Not part of the public surface; see `replace-binding.ts` for why it is a symbol of the registry.
 */
export const TRUSTED_AUTHORITIES: unique symbol = Symbol.for('msal-mi/trusted-authorities') as never;
