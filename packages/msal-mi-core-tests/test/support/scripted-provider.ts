/** An attestation provider over an addon that is scripted. */
import { isMsalMiError } from 'core/errors.js';
import { ERROR_CODES } from 'core/error-codes.js';
import { AttestationError } from 'attestation/errors.js';
import type {
  AttestationBindings,
  AttestationOutcome,
  LibraryOutcome,
  NativeAttestationRequest,
} from 'attestation/native/bindings.js';
import { composeProvider, type AttestationProviderOptions } from 'attestation/provider.js';
import { runExclusive } from 'attestation/process-state.js';
import { jwtWith } from 'support/jwt.js';

export const LIBRARY = 'C:\\vendor\\AttestationClientLib.dll';
export const NOW_MS = 1_800_000_000_000;
export const TOKEN = jwtWith({ iat: NOW_MS / 1000, exp: NOW_MS / 1000 + 3600 });

/** The native side, scripted: it implements the same interface as the addon. */
export class ScriptedBindings implements AttestationBindings {
  readonly attested: NativeAttestationRequest[] = [];
  library: LibraryOutcome = { failedCall: null, signatureStatus: 0, signer: 'Microsoft Corporation' };
  /** Lines of level error. */
  complaints: string[] = [];
  outcome: () => Promise<AttestationOutcome> = () => Promise.resolve({ failedCall: null, token: TOKEN });

  openLibrary() {
    return Promise.resolve(this.library);
  }
  attest(
    request: NativeAttestationRequest,
    onLogLine: Parameters<AttestationBindings['attest']>[1],
  ): Promise<AttestationOutcome> {
    this.attested.push(request);
    onLogLine({ level: 2, tag: 'AttLib', functionName: 'Attest', line: 1, message: 'started' });
    for (const message of this.complaints)
      onLogLine({ level: 0, tag: 'AttLib', functionName: 'Send', line: 2, message });
    return this.outcome();
  }
}

/** A provider over scripted bindings, at a time that stands still. */
export function scriptedProvider(options: AttestationProviderOptions = {}) {
  const bindings = new ScriptedBindings();
  const provider = composeProvider(
    { clock: { now: () => NOW_MS }, ...options },
    { loadBindings: () => bindings, findLibrary: (explicit) => explicit ?? LIBRARY, runExclusive },
  );
  return { bindings, provider };
}

/** What an application asks for. */
export const request = {
  endpoint: 'https://maa.example.net',
  clientId: 'client',
  cacheKey: 'key-1',
  key: { providerName: 'Provider', keyName: 'Key', scope: 'user' as const },
};

/** The error of a call that has to fail, as every error of this package has to be. */
export async function failureOf(promise: Promise<unknown>): Promise<AttestationError> {
  const error: unknown = await promise.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(AttestationError);
  expect(isMsalMiError(error)).toBe(true);
  const failure = error as AttestationError;
  expect(Object.keys(ERROR_CODES)).toContain(failure.errorCode);
  expect(failure.stage).toBe('attestation');
  return failure;
}
