import { createHash, randomBytes, type KeyObject } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { signEcdsa } from './sign-ecdsa.js';

/** Object identifiers that certificates are made of. */
export const OID = {
  commonName: '2.5.4.3',
  domainComponent: '0.9.2342.19200300.100.1.25',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;
/**
 * Signs a certificate with ECDSA and SHA-256.
 * @returns DER
 */
export async function signCertificate(
  signingKey: KeyObject,
  content: {
    subject: pkijs.RelativeDistinguishedNames;
    issuer: pkijs.RelativeDistinguishedNames;
    publicKey: KeyObject;
    notBefore: number;
    notAfter: number;
    extensions: pkijs.Extension[];
  },
): Promise<Buffer> {
  const certificate = new pkijs.Certificate();
  const algorithm = new pkijs.AlgorithmIdentifier({ algorithmId: OID.ecdsaWithSha256 }); // no parameters: RFC 5758 3.2
  certificate.version = 2;
  certificate.serialNumber = new asn1js.Integer({ valueHex: serialNumber() });
  certificate.signature = algorithm;
  certificate.signatureAlgorithm = algorithm;
  certificate.issuer = content.issuer;
  certificate.subject = content.subject;
  certificate.notBefore = time(content.notBefore);
  certificate.notAfter = time(content.notAfter);
  certificate.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(
    arrayBuffer(content.publicKey.export({ format: 'der', type: 'spki' })),
  );
  certificate.extensions = content.extensions;
  const signature = await signEcdsa(Buffer.from(certificate.encodeTBS().toBER(false)), signingKey);
  certificate.signatureValue = new asn1js.BitString({ valueHex: arrayBuffer(signature) });
  return Buffer.from(certificate.toSchema(true).toBER(false));
}

/** One attribute per RDN, in the given order: pkijs' own encoder would put all of them into one RDN. */
export function distinguishedName(attributes: [oid: string, value: string][]): pkijs.RelativeDistinguishedNames {
  const sequence = new asn1js.Sequence({
    value: attributes.map(
      ([oid, value]) =>
        new asn1js.Set({
          value: [
            new asn1js.Sequence({
              value: [
                new asn1js.ObjectIdentifier({ value: oid }),
                oid === OID.domainComponent ? new asn1js.IA5String({ value }) : new asn1js.PrintableString({ value }),
              ],
            }),
          ],
        }),
    ),
  });
  return pkijs.RelativeDistinguishedNames.fromBER(sequence.toBER(false));
}

/** An extension with its value in DER. */
export function extension(extnID: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) });
}

/** The KeyUsage extension (RFC 5280 section 4.2.1.3): its first octet, and how many bits of it are not used. */
export function keyUsage(firstOctet: number, unusedBits: number): pkijs.Extension {
  return extension(OID.keyUsage, true, new asn1js.BitString({ valueHex: bytes(firstOctet), unusedBits }));
}

/** Key identifier: the first 160 bits of the SHA-256 of the key. */
export function keyIdentifier(publicKey: KeyObject): ArrayBuffer {
  return arrayBuffer(
    createHash('sha256')
      .update(publicKey.export({ format: 'der', type: 'spki' }))
      .digest()
      .subarray(0, 20),
  );
}

/** 16 random octets, positive and without leading zero. */
function serialNumber(): ArrayBuffer {
  const octets = randomBytes(16);
  octets[0] = (octets[0]! & 0x3f) | 0x40;
  return arrayBuffer(octets);
}

// UTCTime until 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5).
function time(ms: number): pkijs.Time {
  const value = new Date(ms);
  return new pkijs.Time({
    type: value.getUTCFullYear() < 2050 ? pkijs.TimeType.UTCTime : pkijs.TimeType.GeneralizedTime,
    value,
  });
}

/** Octets as asn1js takes them. */
export function bytes(...octets: number[]): ArrayBuffer {
  return Uint8Array.from(octets).buffer;
}

/** A copy: the buffer behind a Buffer may be Node's shared pool. */
function arrayBuffer(octets: Uint8Array): ArrayBuffer {
  return Uint8Array.from(octets).buffer;
}
