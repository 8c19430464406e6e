/** AADSTS codes that say the certificate, not the request, is at fault. Adding one is one line (D22). */
export const STALE_CERTIFICATE_CODES: Readonly<
  Record<string, { meaning: string; evidenceIsStale: boolean; namesClient?: true }>
> = {
  '1000901': { meaning: 'the time until which the certificate gets tokens has passed', evidenceIsStale: false },
  '1000610': { meaning: 'the credential has an invalid time range', evidenceIsStale: true },
  '1000611': { meaning: 'the credential has an invalid issuer', evidenceIsStale: true },
  '1000612': { meaning: 'the credential has an invalid claim value', evidenceIsStale: true },
  '1000613': { meaning: 'the credential has an invalid jku', evidenceIsStale: true },
  // The client is the identity that the certificate names: made anew, it has another id, and so has a new certificate.
  '700016': { meaning: 'the application does not exist in the tenant', evidenceIsStale: false, namesClient: true },
  '1000614': { meaning: 'the credential has an invalid signature', evidenceIsStale: true },
};

/**
 * Codes that say the client assertion of a federated credential, or the certificate it is bound to, is at fault: another
 * one may cure it (as Microsoft Identity Web does).
 */
export const REFUSED_ASSERTION_CODES: Readonly<
  Record<string, { meaning: string; refused: 'assertion' | 'certificate' }>
> = {
  '700024': { meaning: 'the assertion is not within its time range', refused: 'assertion' },
  '700027': { meaning: 'the key that signed the assertion is not known', refused: 'assertion' },
  '7000274': { meaning: 'the assertion has an invalid signature', refused: 'assertion' },
  '7000214': { meaning: 'the certificate has been revoked', refused: 'certificate' },
  '7000277': { meaning: 'the certificate was revoked by its authority', refused: 'certificate' },
  '1000502': { meaning: 'the certificate is not within its time range', refused: 'certificate' },
};

const DIGITS = /^\d{1,12}$/;

/**
 * The code of an error answer: the first one that {@link STALE_CERTIFICATE_CODES} lists, else the first one of
 * {@link REFUSED_ASSERTION_CODES}, else the first one.
 * In the description a code counts only as `AADSTS<digits>:`, so that no longer code is mistaken for a shorter one.
 */
export function findAadstsCode(errorCodes: unknown, description: string): string | undefined {
  const listed = Array.isArray(errorCodes)
    ? errorCodes
        .filter((code) => typeof code === 'number' || typeof code === 'string')
        .map(String)
        .filter((code) => DIGITS.test(code))
    : [];
  const described = [...description.matchAll(/AADSTS(\d+):/gi)].map((match) => match[1] ?? '');
  const codes = [...listed, ...described];
  const firstOf = (table: object) => codes.find((code) => Object.hasOwn(table, code));
  return firstOf(STALE_CERTIFICATE_CODES) ?? firstOf(REFUSED_ASSERTION_CODES) ?? codes[0];
}
