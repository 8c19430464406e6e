import { isMsalMiError } from '../../errors.js';
import { fail, inconclusive, type Finding } from './check.js';

/** A failure that this library explains, or one that it does not. */
export function fromError(error: unknown): Finding {
  if (!isMsalMiError(error)) {
    const name = error instanceof Error ? error.name : 'something that is not an error';
    return inconclusive(`the check itself failed (${name})`, 'Report this, with the output of --share.');
  }
  const facts = [
    error.errorCode,
    error.win32 && `${error.win32.api} 0x${error.win32.code.toString(16)}`,
    error.httpStatus !== undefined && `HTTP ${error.httpStatus}`,
    error.aadstsCode && `AADSTS${error.aadstsCode}`,
  ].filter(Boolean);
  const evidence = `${error.errorMessage.replace(/\.$/, '')} (${facts.join(', ')})`;
  const fix = error.remediation ?? '';
  return error.retryable ? inconclusive(evidence, fix === '' ? 'Try again.' : fix) : fail(evidence, fix);
}

/** Why no answer came: a code of Node.js, which `fetch` keeps in the cause. A time limit of our own counts as one. */
export function networkCode(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason given';
  if (error.name === 'TimeoutError') return 'ETIMEDOUT';
  const { code } = (error.cause ?? error) as { code?: unknown };
  return typeof code === 'string' ? code : 'no reason given';
}
