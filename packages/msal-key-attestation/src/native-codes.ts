const HINTS = {
  NET: 'Check name resolution, the firewall and the proxy on the way to the attestation endpoint, then try again.',
  ENDPOINT:
    'Check that nothing on the way rewrites answers of the attestation endpoint and that the service is healthy, then try again.',
  IDENTITY: 'Check that the managed identity is assigned to this VM.',
  HOST:
    'Check that this is a Trusted Launch VM with Secure Boot, vTPM and virtualization-based security running. When the ' +
    'service says PolicyEvaluationError, bring the Secure Boot revocation list (DBX) and Windows up to date and restart.',
  TPM: 'Check the vTPM of this VM with tpm.msc, clear a lockout, and restart the VM.',
  KEYGUARD: 'Check with msinfo32 that virtualization-based security is running, restart the VM, and try again.',
  SYSTEM: 'Check that this is a supported Windows on an Azure Trusted Launch VM.',
  MEMORY: 'Check the memory of this VM, then restart the process.',
  VERSION: 'Use version 1.1.5 or later of Microsoft.Azure.Security.KeyGuardAttestation; see the library log lines.',
} as const;

/** What the return codes of AttestationClientLib.dll mean, and which hint helps (D14). */
const CODES: Readonly<Record<number, readonly [meaning: string, hint: keyof typeof HINTS]>> = {
  [-1]: ['its HTTP client could not be initialised', 'NET'],
  [-2]: ['an answer of the attestation service could not be parsed', 'ENDPOINT'],
  [-3]: ['it got no managed identity token', 'IDENTITY'],
  [-4]: ['the attestation service did not answer, also after retries', 'NET'],
  [-5]: ['the attestation service refused the request', 'ENDPOINT'],
  [-6]: ['the attestation service rejected the evidence', 'HOST'],
  [-7]: ['the request could not be sent to the attestation service', 'NET'],
  [-8]: ['an input parameter is invalid', 'VERSION'],
  [-9]: ['the parameters of the attestation did not validate', 'VERSION'],
  [-10]: ['it ran out of memory', 'MEMORY'],
  [-11]: ['the operating system could not be identified', 'SYSTEM'],
  [-12]: ['the TPM reported an internal error', 'TPM'],
  [-13]: ['a TPM operation failed', 'TPM'],
  [-14]: ['the token could not be decrypted', 'TPM'],
  [-15]: ['the token could not be decrypted because of a TPM error', 'TPM'],
  [-16]: ['an answer is not valid JSON', 'ENDPOINT'],
  [-17]: ['the processor endorsement certificate (VCEK) is empty', 'SYSTEM'],
  [-18]: ['the attestation service sent an empty answer', 'ENDPOINT'],
  [-19]: ['its request would have been empty', 'VERSION'],
  [-20]: ['the host compatibility layer report could not be parsed', 'SYSTEM'],
  [-21]: ['the host compatibility layer report is empty', 'SYSTEM'],
  [-22]: ['the JSON web key could not be extracted', 'VERSION'],
  [-23]: ['the JSON web key is not a usable RSA key', 'VERSION'],
  [-24]: ['encryption could not be initialised', 'MEMORY'],
  [-25]: ['encryption failed', 'MEMORY'],
  [-26]: ['decryption failed because of a TPM error', 'TPM'],
  [-27]: ['DNS settings could not be parsed', 'NET'],
  [-28]: ['the answer of the attestation service could not be parsed', 'ENDPOINT'],
  [-29]: ['the attestation key certificate could not be provisioned', 'TPM'],
  [-30]: ['its client could not be initialised', 'VERSION'],
  [-31]: ['the attestation service answered without a token', 'ENDPOINT'],
  [-32]: ['the KeyGuard report could not be created', 'KEYGUARD'],
  [-33]: ['the public part of the key could not be extracted', 'KEYGUARD'],
  [-34]: ['it met an unexpected exception', 'VERSION'],
  [-35]: ['its logger could not be initialised', 'VERSION'],
};

/** The network or the service may recover from these. */
const PASSING: ReadonlySet<number> = new Set([-4, -5, -7, -18]);

/** One clause, to follow "The library reports -6: ". */
export function meaningOf(code: number): string {
  return CODES[code]?.[0] ?? 'a code that this version does not know';
}

/** What to do about it. */
export function hintFor(code: number): string {
  return HINTS[CODES[code]?.[1] ?? 'VERSION'];
}

/** True when the same attestation may succeed later. */
export function isPassing(code: number): boolean {
  return PASSING.has(code);
}
