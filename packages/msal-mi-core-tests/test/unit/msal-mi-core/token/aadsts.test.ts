/** Which code of an answer counts, and which of them the flow heals (D22). */
import { findAadstsCodes, STALE_CERTIFICATE_CODES } from 'core/token/aadsts.js';

describe('AADSTS codes', () => {
  test('the table holds the codes of the protocol, and which of them spoil the attestation', () => {
    const spoiling = Object.entries(STALE_CERTIFICATE_CODES).map(([code, row]) => [code, row.evidenceIsStale]);

    expect(Object.fromEntries(spoiling)).toEqual({
      '1000901': false,
      '1000610': true,
      '1000611': true,
      '1000612': true,
      '1000613': true,
      '1000614': true,
      '700016': false,
    });
  });

  test.each([
    ['a number in error_codes', [1000901], '', '1000901'],
    ['a string in error_codes', ['1000610'], '', '1000610'],
    ['in the description', undefined, 'x AADSTS1000901: expired', '1000901'],
    ['in lower case', undefined, 'aadsts1000901: expired', '1000901'],
    ['a listed code behind others', [7000218, 1000612], '', '1000612'],
    ['a listed code behind one in the other place', [7000218], 'AADSTS1000613: x', '1000613'],
    ['the first when none is listed', [7000218, 7000229], 'AADSTS90002: x', '7000218'],
    ['without colon', undefined, 'AADSTS1000901 expired', undefined],
    ['a longer number', undefined, 'AADSTS10009010: x', '10009010'],
    ['error_codes of another type', 'no list', '', undefined],
    ['no code at all', [], 'went wrong', undefined],
    ['text in place of a number', ['constructor'], '', undefined],
  ])('%s', (_what, codes, description, expected) => {
    expect(findAadstsCodes(codes, description)[0]).toBe(expected);
  });
});
