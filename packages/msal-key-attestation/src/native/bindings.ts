/** The typed picture of the addon. Every function may be called from any number of environments at once. */
export interface AttestationBindings {
  /** Verifies, loads and checks the library at an absolute path. Loading is once per path and process. */
  openLibrary(request: LibraryRequest): Promise<LibraryOutcome>;
  /**
   * Attests one key with the library at `libraryPath`, which is loaded first when it is not yet.
   *
   * @param onLogLine - Called for every line the library logged, the last ones before the promise resolves.
   */
  attest(request: NativeAttestationRequest, onLogLine: (line: NativeLogLine) => void): Promise<AttestationOutcome>;
}

export interface LibraryRequest {
  readonly libraryPath: string;
  /**
   * True refuses a library without a valid Authenticode signature before any of its code runs. The libraries that it needs
   * then come from System32 only, as with `requiredSha256`.
   */
  readonly requireSignature: boolean;
  /** The signer's common name; empty accepts any signer that this machine trusts. */
  readonly requiredSigner: string;
  /** Lower-case hexadecimal; empty accepts any file. */
  readonly requiredSha256: string;
}

export interface NativeAttestationRequest extends LibraryRequest {
  readonly endpoint: string;
  readonly clientId: string;
  readonly providerName: string;
  readonly keyName: string;
  readonly isMachineKey: boolean;
}

/** A native function and what it returned, as an unsigned 32-bit number. */
export interface FailedCall {
  readonly api: string;
  readonly status: number;
}

export interface LibraryOutcome {
  readonly failedCall: FailedCall | null;
  /** Result of WinVerifyTrust: 0 for a valid signature, 0x800b0100 for none. Null when it was not reached. */
  readonly signatureStatus: number | null;
  /** Common name of the signer; empty without a signature. */
  readonly signer: string;
}

export interface AttestationOutcome {
  readonly failedCall: FailedCall | null;
  /** Null when the library reported success and gave no token, and when a call failed. */
  readonly token: string | null;
}

/** A line of the library's log. Levels: 0 error, 1 warning, 2 information, 3 debug. */
export interface NativeLogLine {
  readonly level: number;
  readonly tag: string;
  readonly functionName: string;
  readonly line: number;
  readonly message: string;
}
