/**
 * Certificates by the hundred thousand: one is made and signed, and the others are copies of it with another serial number
 * and other dates. Nothing here verifies a signature, and the library does not either: IMDS is trusted to issue.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { distinguishedName, OID, signCertificate } from '../../msal-mi-emulator/dist/crypto/sign-certificate.js';

const UTC_TIME = Buffer.from([0x17, 13]);
const UTC_TIME_LENGTH = 13;
const INTEGER = 0x02;
/** Tags and lengths of Certificate, TBSCertificate and the version before the serial number. */
const SERIAL_NUMBER_AT = 13;
/** Of the serial number, what differs from certificate to certificate. */
const NUMBERS = { at: SERIAL_NUMBER_AT + 4, length: 8 };

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const template = await signTemplate();
const notBeforeAt = template.indexOf(UTC_TIME) + UTC_TIME.length;
const notAfterAt = template.indexOf(UTC_TIME, notBeforeAt) + UTC_TIME.length;

/** The public key of every machine, DER. */
export const spki = publicKey.export({ type: 'spki', format: 'der' });

/** @param seed - No other issuer has it. */
export function createIssuer(seed) {
  let issued = 0;
  return {
    /** @returns DER */
    issue(notBeforeMs, notAfterMs) {
      const der = Buffer.from(template);
      der.writeUInt32BE(seed >>> 0, NUMBERS.at);
      der.writeUInt32BE((issued += 1), NUMBERS.at + 4);
      der.write(utcTime(notBeforeMs), notBeforeAt, 'latin1');
      der.write(utcTime(notAfterMs), notAfterAt, 'latin1');
      return der;
    },
  };
}

/** @returns what differs from certificate to certificate, and a digest of it: that of the DER would be another in each run */
export function read(certificate) {
  const der = Buffer.from(certificate.buffer, certificate.byteOffset, certificate.length);
  const numbers = der.subarray(NUMBERS.at, NUMBERS.at + NUMBERS.length);
  return {
    notBeforeMs: readTime(der, notBeforeAt),
    notAfterMs: readTime(der, notAfterAt),
    digest: createHash('sha256').update(numbers).digest('base64url'),
  };
}

async function signTemplate() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = distinguishedName([[OID.commonName, 'simulated']]);
  const dates = { notBefore: Date.UTC(2026, 0), notAfter: Date.UTC(2026, 1) };
  const der = await signCertificate(privateKey, { subject: name, issuer: name, publicKey, extensions: [], ...dates });
  if (der[SERIAL_NUMBER_AT] !== INTEGER) throw new Error('the serial number is somewhere else');
  return der;
}

const utcTime = (timeMs) => `${new Date(timeMs).toISOString().replace(/\D/g, '').slice(2, 14)}Z`;

function readTime(der, at) {
  const [year, month, day, hour, minute, second] = der.toString('latin1', at, at + UTC_TIME_LENGTH - 1).match(/../g);
  return Date.UTC(2000 + Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}
