/**
 * Certificates by the hundred thousand: one is made and signed, and the others are copies of it with another serial number
 * and other dates. Nothing here verifies a signature, and the library does not either: IMDS is trusted to issue.
 */
import { generateKeyPairSync } from 'node:crypto';
import { distinguishedName, OID, signCertificate } from '../../msal-mi-emulator/dist/crypto/sign-certificate.js';

const UTC_TIME = Buffer.from([0x17, 13]);
const INTEGER = 0x02;
/** Tags and lengths of Certificate, TBSCertificate and the version before the serial number. */
const SERIAL_NUMBER_AT = 13;

export async function createIssuer() {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = distinguishedName([[OID.commonName, 'simulated']]);
  const dates = { notBefore: Date.UTC(2026, 0), notAfter: Date.UTC(2026, 1) };
  const template = await signCertificate(privateKey, {
    subject: name,
    issuer: name,
    publicKey,
    extensions: [],
    ...dates,
  });
  if (template[SERIAL_NUMBER_AT] !== INTEGER) throw new Error('the serial number is somewhere else');
  const notBeforeAt = template.indexOf(UTC_TIME) + UTC_TIME.length;
  const notAfterAt = template.indexOf(UTC_TIME, notBeforeAt) + UTC_TIME.length;
  let issued = 0;
  return {
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    /** @returns DER */
    issue(notBeforeMs, notAfterMs) {
      const der = Buffer.from(template);
      der.writeUInt32BE((issued += 1), SERIAL_NUMBER_AT + 4);
      der.write(utcTime(notBeforeMs), notBeforeAt, 'latin1');
      der.write(utcTime(notAfterMs), notAfterAt, 'latin1');
      return der;
    },
  };
}

const utcTime = (timeMs) => `${new Date(timeMs).toISOString().replace(/\D/g, '').slice(2, 14)}Z`;
