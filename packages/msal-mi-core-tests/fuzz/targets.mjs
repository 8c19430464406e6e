/**
 * Every parser of bytes that come from somewhere else. A target turns one input into a result that holds what it promises, or
 * into an error that this project declares; anything else is a defect. `isDeclared` lists what besides MsalMiError is one.
 */
import { parseCertificate, x5tS256 } from '../../msal-mi-core/dist/crypto/x509.js';
import { AUDIENCE, ISSUER, createSeeds } from './seeds.mjs';
import { certificateTargets } from './targets/certificates.mjs';
import { optionTargets } from './targets/options.mjs';
import { serviceTargets } from './targets/services.mjs';

export async function createTargets() {
  const seeds = await createSeeds();
  const { certificate, jws } = seeds;
  const thumbprint = x5tS256(certificate);
  const nowS = Math.floor(Date.now() / 1_000);
  const token = jws({ iss: ISSUER, aud: AUDIENCE, exp: nowS + 86_400, iat: nowS, cnf: { 'x5t#S256': thumbprint } });
  const base64 = Buffer.from(certificate).toString('base64');
  const pem = parseCertificate(certificate).certificate.x5c;
  const given = { ...seeds, thumbprint, token, base64, pem };
  return [...serviceTargets(given), ...certificateTargets(given), ...optionTargets(given)];
}
