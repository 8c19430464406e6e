import { certificateRefusalError, certificateRefusalOf } from 'core/mtls-fetch/certificate-refusal.js';

const saying = (message: string) => JSON.stringify({ error: { code: 'Unauthorized', message } });

test.each([
  [401, saying('[MtlsCnfClaimRequestDataValidationFailed] no match'), 'mismatch'],
  [401, saying('[MtlsMissingClientCertificate] none'), 'missing'],
  [401, saying('the token has expired'), undefined],
  [401, '', undefined],
  [403, saying('[MtlsCnfClaimRequestDataValidationFailed] no match'), undefined],
  [401, `${'x'.repeat(70_000)}MtlsMissingClientCertificate`, undefined],
])('rule D30: an answer %s %.40s is about the certificate: %s', (status, text, refusal) => {
  expect(certificateRefusalOf(status, text)).toBe(refusal);
});

test.each([
  ['missing', 'client_certificate_missing', false],
  ['mismatch', 'client_certificate_mismatch', true],
] as const)('rule D30: the caller is told the meaning of %s, and by whom', (refusal, errorCode, retryable) => {
  const error = certificateRefusalError(refusal, 'contoso.vault.azure.net');

  expect(error).toMatchObject({ errorCode, retryable, httpStatus: 401, stage: 'resource' });
  expect(error.message).toContain('contoso.vault.azure.net');
});
