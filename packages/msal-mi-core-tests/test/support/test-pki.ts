import { createPublicKey, X509Certificate } from 'node:crypto';
import { createSoftwareKeyStore } from 'core/platform/software/key-store.js';
import { createSoftwareTransport } from 'core/platform/software/mtls-transport.js';
import type { MtlsChannel } from 'core/ports.js';
import { CertificateAuthority, type ServerCertificate } from 'emulator/crypto/certificate-authority.js';

/** An authority of one test run, with a server certificate it issued and one it did not. */
export interface TestPki {
  readonly authority: CertificateAuthority;
  /** For `localhost`, PEM. */
  readonly server: ServerCertificate;
  readonly untrustedServer: ServerCertificate;
}

export async function createTestPki(): Promise<TestPki> {
  const [authority, stranger] = await Promise.all([generateAuthority(), generateAuthority()]);
  const [server, untrustedServer] = await Promise.all([
    authority.issueServerCertificate(),
    stranger.issueServerCertificate(),
  ]);
  return { authority, server, untrustedServer };
}

/** A channel of the software transport, with a new key, that trusts `authority` and whose certificate is from there. */
export async function openSoftwareChannel(
  authority: CertificateAuthority,
): Promise<{ channel: MtlsChannel; certificate: X509Certificate }> {
  const key = await createSoftwareKeyStore().open({ verify: false });
  const der = await authority.issueClientCertificate(
    { clientId: '3f2f1c86-6f4e-4f6c-9a33-0d4b3f0c2b11', tenantId: '9b1d6f52-4a60-4c4c-8c1e-5f0f5c1f6a20' },
    createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' }),
    3600,
  );
  const transport = createSoftwareTransport({ trustedAuthorities: [authority.pem], readExtraAuthorities: () => [] });
  return { channel: transport.bind(key, der), certificate: new X509Certificate(der) };
}

const generateAuthority = (): Promise<CertificateAuthority> => CertificateAuthority.generate(Date.now);
