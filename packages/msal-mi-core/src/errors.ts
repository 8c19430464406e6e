import { ERROR_CODES, type ErrorCode } from './error-codes.js';

const BRAND = Symbol.for('msal-mi/error');

/** The step of the flow that failed. */
export type ErrorStage = 'key' | 'metadata' | 'csr' | 'attestation' | 'issuecredential' | 'token' | 'resource';

/** What is known about a failure, apart from its code. */
export interface ErrorDetails {
  /** One sentence of fact, with nothing secret in it. Default: the table's sentence. */
  message?: string;
  stage?: ErrorStage;
  subError?: string;
  correlationId?: string;
  retryable?: boolean;
  httpStatus?: number;
  aadstsCode?: string;
  retryAfterMs?: number;
  win32?: { api: string; code: number };
  remediation?: string;
  /** The claims challenge of the service: to be passed back as `claims`. Not enumerable. */
  claims?: string;
  cause?: unknown;
}

/**
 * The base of all errors of this library. The field names are msal-node's where it has them.
 * No field ever holds a token, a key, an assertion, a certificate body or the text of claims that were sent.
 */
export class MsalMiError extends Error {
  /** An {@link ErrorCode}, or an OAuth error that Entra ID sent, such as `unauthorized_client`. */
  readonly errorCode: string;
  /** What happened, in one sentence. */
  readonly errorMessage: string;
  /** Entra ID's `suberror`, or an empty string. */
  readonly subError: string;
  /** The correlation id of the call, or an empty string when it failed before one was chosen. */
  readonly correlationId: string;
  /** The step that failed. */
  readonly stage?: ErrorStage;
  /** True when the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** The status that was answered, when one was. */
  readonly httpStatus?: number;
  /** The digits of the first `AADSTS` code of the answer. */
  readonly aadstsCode?: string;
  /** How long the service asked to wait before the same request is sent again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The Windows call that failed. */
  readonly win32?: {
    /** Name of the function. */
    api: string;
    /** What it returned. */
    code: number;
  };
  /** What to do about it. */
  readonly remediation?: string;
  /** The claims challenge the service answered with, to be passed back as `claims`. Not enumerable, so not logged. */
  declare readonly claims?: string;

  /**
   * @param code - What went wrong: its sentence, remedy and `retryable` come from the table, if it is there.
   * @param details - What is known besides.
   */
  constructor(code: string, details: ErrorDetails = {}) {
    const known = isErrorCode(code) ? ERROR_CODES[code] : undefined;
    const errorMessage = details.message ?? known?.when ?? code;
    const remediation = details.remediation ?? known?.remediation;
    super(
      remediation === undefined ? `${code}: ${errorMessage}` : `${code}: ${errorMessage} ${remediation}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.errorCode = code;
    this.errorMessage = errorMessage;
    this.subError = details.subError ?? '';
    this.correlationId = details.correlationId ?? '';
    this.retryable = details.retryable ?? (known !== undefined && 'retryable' in known);
    if (details.stage !== undefined) this.stage = details.stage;
    if (details.httpStatus !== undefined) this.httpStatus = details.httpStatus;
    if (details.aadstsCode !== undefined) this.aadstsCode = details.aadstsCode;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    if (details.win32 !== undefined) this.win32 = details.win32;
    if (remediation !== undefined) this.remediation = remediation;
    if (details.claims !== undefined) Object.defineProperty(this, 'claims', { value: details.claims });
    Object.defineProperty(this, BRAND, { value: true });
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true });
  }
}

/** The request or the host is not fit for what was asked. */
export class ManagedIdentityError extends MsalMiError {}
/** A failure of the flow for certificate-bound tokens. */
export class MsiV2Error extends ManagedIdentityError {}
/** The key could not be attested. */
export class AttestationError extends MsiV2Error {}
/** The native module could not be loaded, or a Windows call failed outside of the flow. */
export class NativeModuleError extends MsalMiError {}

/** The same failure with one more sentence about it. */
export function withSentence(error: MsalMiError, sentence: string): MsiV2Error {
  const { errorCode, errorMessage, claims, cause, ...facts } = error;
  return new MsiV2Error(errorCode, {
    ...facts,
    message: `${errorMessage} ${sentence}`,
    ...(claims !== undefined && { claims }),
    ...(cause !== undefined && { cause }),
  });
}

/**
 * True for errors of this library, whichever copy of it (ESM or CommonJS) made them.
 *
 * @param e - What was caught.
 */
export function isMsalMiError(e: unknown): e is MsalMiError {
  try {
    return e instanceof Error && (e as { [BRAND]?: unknown })[BRAND] === true;
  } catch {
    return false; // A proxy, which may throw whatever it is asked.
  }
}

/** Gives an error that was made where no call is known, such as in a key store, the correlation id of the call it ended. */
export function addCorrelationId(error: unknown, correlationId: string): void {
  if (isMsalMiError(error) && error.correlationId === '') Object.assign(error, { correlationId });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
