/** What the return codes of AttestationClientLib.dll mean, as Microsoft documents them (D14). */
const MEANINGS: Readonly<Record<number, string>> = {
  [-1]: 'its HTTP client could not be initialised',
  [-2]: 'an answer of the attestation service could not be parsed',
  [-3]: 'it got no managed identity token',
  [-4]: 'the attestation service did not answer, also after retries',
  [-5]: 'the attestation service refused the request',
  [-6]: 'the attestation service rejected the evidence',
  [-7]: 'the request could not be sent to the attestation service',
  [-8]: 'an input parameter is invalid',
  [-9]: 'the parameters of the attestation did not validate',
  [-10]: 'it ran out of memory',
  [-11]: 'the operating system could not be identified',
  [-12]: 'the TPM reported an internal error',
  [-13]: 'a TPM operation failed',
  [-14]: 'the token could not be decrypted',
  [-15]: 'the token could not be decrypted because of a TPM error',
  [-16]: 'an answer is not valid JSON',
  [-17]: 'the processor endorsement certificate (VCEK) is empty',
  [-18]: 'the attestation service sent an empty answer',
  [-19]: 'its request would have been empty',
  [-20]: 'the host compatibility layer report could not be parsed',
  [-21]: 'the host compatibility layer report is empty',
  [-22]: 'the JSON web key could not be extracted',
  [-23]: 'the JSON web key is not a usable RSA key',
  [-24]: 'encryption could not be initialised',
  [-25]: 'encryption failed',
  [-26]: 'decryption failed because of a TPM error',
  [-27]: 'DNS settings could not be parsed',
  [-28]: 'the answer of the attestation service could not be parsed',
  [-29]: 'the attestation key certificate could not be provisioned',
  [-30]: 'its client could not be initialised',
  [-31]: 'the attestation service answered without a token',
  [-32]: 'the KeyGuard report could not be created',
  [-33]: 'the public part of the key could not be extracted',
  [-34]: 'it met an unexpected exception',
  [-35]: 'its logger could not be initialised',
};

/** The network or the service may recover from these. */
const PASSING: ReadonlySet<number> = new Set([-4, -5, -7, -18]);

/** One clause, to follow "The library reports -6: ". */
export function meaningOf(code: number): string {
  return MEANINGS[code] ?? 'a code that this version does not know';
}

/** True when the same attestation may succeed later. */
export function isPassing(code: number): boolean {
  return PASSING.has(code);
}
