import { MsalMiError } from 'core/errors.js';

/** The error of this library that a call rejects with; anything else fails the test. */
export async function rejection(call: Promise<unknown>): Promise<MsalMiError> {
  const outcome: unknown = await call.then(
    () => new Error('the call succeeded'),
    (error: unknown) => error,
  );
  if (outcome instanceof MsalMiError) return outcome;
  throw outcome;
}
