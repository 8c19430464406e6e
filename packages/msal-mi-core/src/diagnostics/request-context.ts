import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Runs work in no request's AsyncLocalStorage context, but in the one this module was loaded in: what is done for all
 * requests to come is not to be traced and logged as part of the one that happened to start it.
 */
export const outsideOfRequests: <T>(work: () => T) => T = AsyncLocalStorage.snapshot();
