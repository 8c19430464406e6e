/** Good inputs, from which the others are made. Keys and certificates are those of this run. */
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createSoftwareKeyStore } from '../../msal-mi-core/dist/platform/software/key-store.js';
import { encodeCsr } from '../../msal-mi-core/dist/crypto/csr.js';
import { CertificateAuthority } from '../../msal-mi-emulator/dist/crypto/certificate-authority.js';

export const IDENTITY = {
  clientId: '3f2f1c86-6f4e-4f6c-9a33-0d4b3f0c2b11',
  tenantId: '9b1d6f52-4a60-4c4c-8c1e-5f0f5c1f6a20',
};
export const CUID = { vmId: '7a1f0e0c-3d0a-4c26-9b7e-2f8f6c0b9d11' };
export const AUDIENCE = 'api://orders';
export const ISSUER = 'https://login.example/tenant/v2.0';

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export async function createSeeds() {
  const key = await createSoftwareKeyStore().open({ verify: false });
  const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
  const authority = await CertificateAuthority.generate(Date.now);
  const certificate = await authority.issueClientCertificate(IDENTITY, publicKey, 3_600);
  const csr = await encodeCsr({ ...IDENTITY, cuIdJson: JSON.stringify(CUID), spki: key.spki, sign: key.sign });
  const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jws = (claims) => {
    const input = `${base64url({ alg: 'ES256', typ: 'JWT', kid: '1' })}.${base64url(claims)}`;
    return `${input}.${sign('sha256', Buffer.from(input), { key: signer.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  return { key, certificate, csr: Buffer.from(csr), publicKey: signer.publicKey, jws };
}
