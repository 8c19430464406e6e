/** AADSTS codes that say the certificate, not the request, is at fault. Adding one is one line (D22); advice.ts says what each means. */
export const STALE_CERTIFICATE_CODES: Readonly<Record<string, { evidenceIsStale: boolean; namesClient?: true }>> = {
  '1000901': { evidenceIsStale: false },
  '1000610': { evidenceIsStale: true },
  '1000611': { evidenceIsStale: true },
  '1000612': { evidenceIsStale: true },
  '1000613': { evidenceIsStale: true },
  // The client is the identity that the certificate names: made anew, it has another id, and so has a new certificate.
  '700016': { evidenceIsStale: false, namesClient: true },
  '1000614': { evidenceIsStale: true },
};

/**
 * Codes that say the client assertion of a federated credential, or the certificate it is bound to, is at fault: another
 * one may cure it (as Microsoft Identity Web does).
 */
export const REFUSED_ASSERTION_CODES: Readonly<Record<string, { refused: 'assertion' | 'certificate' }>> = {
  '700024': { refused: 'assertion' },
  '700027': { refused: 'assertion' },
  '7000274': { refused: 'assertion' },
  '7000214': { refused: 'certificate' },
  '7000277': { refused: 'certificate' },
  '1000502': { refused: 'certificate' },
};

const DIGITS = /^\d{1,12}$/;

/**
 * All codes of an error answer, the one that counts first: one that {@link STALE_CERTIFICATE_CODES} lists, else one of
 * {@link REFUSED_ASSERTION_CODES}, else the first one.
 * In the description a code counts only as `AADSTS<digits>:`, so that no longer code is mistaken for a shorter one.
 */
export function findAadstsCodes(errorCodes: unknown, description: string): string[] {
  const listed = Array.isArray(errorCodes)
    ? errorCodes
        .filter((code) => typeof code === 'number' || typeof code === 'string')
        .map(String)
        .filter((code) => DIGITS.test(code))
    : [];
  const described = [...description.matchAll(/AADSTS(\d+):/gi)].map((match) => match[1] ?? '');
  const codes = [...listed, ...described];
  const firstOf = (table: object) => codes.find((code) => Object.hasOwn(table, code));
  const first = firstOf(STALE_CERTIFICATE_CODES) ?? firstOf(REFUSED_ASSERTION_CODES);
  return first === undefined ? codes : [first, ...codes];
}
