import { formatCheck } from 'core/cli/doctor/report.js';
import type { CheckResult } from 'core/cli/doctor/check.js';

const EVIDENCE =
  'AttestationClientLib.dll was not found. Tried: C:\\a\\path\\that\\is\\longer\\than\\a\\line\\of\\this\\terminal';
const CHECK: CheckResult = {
  id: 'attestation-library',
  title: 'Attestation library',
  status: 'fail',
  evidence: EVIDENCE,
  fix: 'Take it from the NuGet package, and set the variable that names it.',
};

test('a terminal gets lines of its width, broken between words and indented', () => {
  expect(formatCheck(CHECK, false, 40).split('\n')).toEqual([
    'FAIL   Attestation library:',
    '       AttestationClientLib.dll was not',
    '       found. Tried:',
    '       C:\\a\\path\\that\\is\\longer\\than\\a\\line\\of\\this\\terminal',
    '       fix: Take it from the NuGet',
    '       package, and set the variable',
    '       that names it.',
  ]);
});

test('a file gets one line for each sentence, and colours do not count', () => {
  expect(formatCheck(CHECK, false).split('\n')).toEqual([
    `FAIL   Attestation library: ${EVIDENCE}`,
    `       fix: ${CHECK.fix}`,
  ]);
  const coloured = formatCheck(CHECK, true, 40);
  expect(coloured.startsWith('\u001b[31mFAIL\u001b[0m   ')).toBe(true);
  expect(coloured.replaceAll('\u001b[31m', '').replaceAll('\u001b[0m', '')).toBe(formatCheck(CHECK, false, 40));
});
