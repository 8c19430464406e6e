/** The version of this package, sent as `x-client-ver`. A test compares it with package.json. */
export const VERSION = '0.0.0';
