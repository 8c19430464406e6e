import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { CertificateAuthority } from '../../../msal-mi-emulator/src/crypto/certificate-authority.js';

const IDENTITY = { clientId: 'client', tenantId: 'tenant' };
/** Without care one signature in 128 is shorter. */
const CERTIFICATES = 400;

test('no certificate has a signature with a shortened number, which Wine would refuse', async () => {
  const authority = await CertificateAuthority.generate(Date.now);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const own = new X509Certificate(authority.pem).publicKey;
  for (let i = 0; i < CERTIFICATES; i += 1) {
    const certificate = await authority.issueClientCertificate(IDENTITY, publicKey, 60);
    expect(new X509Certificate(certificate).verify(own)).toBe(true);
    expect(lengthsOf(certificate)).toEqual([true, true]);
  }
});

/** The BIT STRING at the end holds SEQUENCE { INTEGER r, INTEGER s }. */
function lengthsOf(certificate: Buffer): boolean[] {
  const end = certificate.length;
  for (let bits = 64; bits <= 74; bits += 1) {
    const at = end - bits - 1;
    const isSequence = certificate[at - 1] === bits + 1 && certificate[at] === 0 && certificate[at + 1] === 0x30;
    if (!isSequence) continue;
    const r = certificate[at + 4]!;
    const s = certificate[at + 6 + r]!;
    return [r >= 32, s >= 32];
  }
  return [];
}
