import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { CertificateAuthority } from 'emulator/crypto/certificate-authority.js';

test('certificates are signed by the authority', async () => {
  const authority = await CertificateAuthority.generate(Date.now);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = await authority.issueClientCertificate({ clientId: 'client', tenantId: 'tenant' }, publicKey, 60);
  expect(new X509Certificate(der).verify(new X509Certificate(authority.pem).publicKey)).toBe(true);
});
