const BRAND = Symbol.for('msal-mi/error');

/** The codes of this package. A subset of msal-mi-core's table. */
export type AttestationErrorCode =
  | 'attestation_failed'
  | 'attestation_library_not_found'
  | 'attestation_library_wrong_architecture'
  | 'attestation_library_dependency_missing'
  | 'attestation_library_incompatible'
  | 'attestation_library_untrusted'
  | 'invalid_configuration'
  | 'invalid_request'
  | 'native_module_missing'
  | 'native_module_wrong_architecture'
  | 'native_module_load_failed'
  | 'platform_not_supported';

/** What is known about a failure, apart from its code. */
export interface AttestationErrorDetails {
  /** One sentence of fact, with nothing secret in it. */
  message: string;
  /** What to do about it. */
  remediation?: string;
  /** True when the same call may succeed later without any change. Default: false. */
  retryable?: boolean;
  /** The native call that failed, and what it returned. */
  win32?: {
    /** Name of the function. */
    api: string;
    /** What it returned. */
    code: number;
  };
  /** What was thrown underneath. */
  cause?: unknown;
}

/**
 * Every failure of this package. It has the fields and the brand of msal-mi-core's errors, so `isMsalMiError` accepts
 * it; it is not a subclass of them because this package never loads msal-mi-core. No field ever holds a token.
 */
export class AttestationError extends Error {
  /** Same name as msal-mi-core's class for these failures. */
  override readonly name = 'AttestationError';
  /** Stable code of the failure. */
  readonly errorCode: AttestationErrorCode;
  /** What happened, without the code and the remediation that `message` adds. */
  readonly errorMessage: string;
  /** Always empty. */
  readonly subError = '';
  /** Always empty: msal-mi-core knows the correlation id and adds it when it passes the error on. */
  readonly correlationId = '';
  /** The step of msal-mi-core's flow that failed. */
  readonly stage = 'attestation';
  /** True when the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** The native call that failed and what it returned: a Windows code, or a code of AttestationClientLib.dll. */
  declare readonly win32?: {
    /** Name of the function. */
    api: string;
    /** What it returned. */
    code: number;
  };
  /** What to do about it. */
  declare readonly remediation?: string;

  /**
   * @param code - What went wrong.
   * @param details - What is known about it.
   */
  constructor(code: AttestationErrorCode, details: AttestationErrorDetails) {
    const { message, remediation, win32, cause } = details;
    super(
      remediation === undefined ? `${code}: ${message}` : `${code}: ${message} ${remediation}`,
      cause === undefined ? undefined : { cause },
    );
    this.errorCode = code;
    this.errorMessage = message;
    this.retryable = details.retryable ?? false;
    if (win32 !== undefined) this.win32 = win32;
    if (remediation !== undefined) this.remediation = remediation;
    Object.defineProperty(this, BRAND, { value: true });
  }
}
