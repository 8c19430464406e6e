import { createHash, generateKeyPair, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { signEcdsa } from './sign-ecdsa.js';

const generate = promisify(generateKeyPair);

const OID = {
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
// First octet of the KeyUsage BIT STRING (RFC 5280 section 4.2.1.3): bit 0 is the most significant one.
const DIGITAL_SIGNATURE = 0b1000_0000;
const DIGITAL_SIGNATURE_AND_KEY_ENCIPHERMENT = 0b1010_0000;
const KEY_CERT_SIGN_AND_CRL_SIGN = 0b0000_0110;
const BACKDATED_MS = 5 * 60_000;
const CA_LIFETIME_MS = 10 * 365 * 86_400_000;

/** Why a client certificate is refused. */
export type ClientCertificateDefect = 'not_issued_here' | 'not_for_clients' | 'expired' | 'not_yet_valid';

/** Private key and certificate of a TLS server, PEM. */
export interface ServerCertificate {
  key: string;
  cert: string;
}

/**
 * A certification authority that lives as long as one emulator. Its key and those of servers are P-256, which takes no time
 * to make; clients bring the RSA keys of the protocol.
 */
export class CertificateAuthority {
  readonly #privateKey: KeyObject;
  readonly #certificate: X509Certificate;
  readonly #name: pkijs.RelativeDistinguishedNames;
  readonly #now: () => number;
  /** The authority's own certificate. */
  readonly pem: string;

  private constructor(privateKey: KeyObject, der: Buffer, name: pkijs.RelativeDistinguishedNames, now: () => number) {
    this.#privateKey = privateKey;
    this.#certificate = new X509Certificate(der);
    this.#name = name;
    this.#now = now;
    this.pem = this.#certificate.toString();
  }

  /** Makes an authority with a new key. Its name is unique, so that two emulators never share a chain. */
  static async generate(now: () => number): Promise<CertificateAuthority> {
    const { publicKey, privateKey } = await generateP256Key();
    const name = distinguishedName([
      [OID.commonName, `msal-mi-emulator throw-away CA ${randomBytes(4).toString('hex')}`],
    ]);
    const der = await signCertificate(privateKey, {
      subject: name,
      issuer: name,
      publicKey,
      notBefore: now() - BACKDATED_MS,
      notAfter: now() + CA_LIFETIME_MS,
      extensions: [
        extension(
          OID.basicConstraints,
          true,
          new pkijs.BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema(),
        ),
        keyUsage(KEY_CERT_SIGN_AND_CRL_SIGN, 1),
        extension(OID.subjectKeyIdentifier, false, new asn1js.OctetString({ valueHex: keyIdentifier(publicKey) })),
      ],
    });
    return new CertificateAuthority(privateKey, der, name, now);
  }

  /** A certificate for `localhost`, `127.0.0.1` and `::1`, valid as long as the authority, and its new key. */
  async issueServerCertificate(): Promise<ServerCertificate> {
    const { publicKey, privateKey } = await generateP256Key();
    const altNames = [
      new pkijs.GeneralName({ type: 2, value: 'localhost' }),
      new pkijs.GeneralName({ type: 7, value: new asn1js.OctetString({ valueHex: bytes(127, 0, 0, 1) }) }),
      new pkijs.GeneralName({
        type: 7,
        value: new asn1js.OctetString({ valueHex: bytes(...new Array<number>(15).fill(0), 1) }),
      }),
    ];
    const der = await this.#issue({
      subject: distinguishedName([[OID.commonName, 'localhost']]),
      publicKey,
      lifetimeMs: CA_LIFETIME_MS - BACKDATED_MS,
      purpose: OID.serverAuth,
      usage: keyUsage(DIGITAL_SIGNATURE, 7),
      extensions: [extension(OID.subjectAltName, false, new pkijs.GeneralNames({ names: altNames }).toSchema())],
    });
    return {
      key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
      cert: new X509Certificate(der).toString(),
    };
  }

  /**
   * A client certificate for a managed identity.
   * @param identity becomes the subject: DC = tenant, then CN = client id
   * @returns DER
   */
  async issueClientCertificate(
    identity: { clientId: string; tenantId: string },
    publicKey: KeyObject,
    lifetimeSeconds: number,
  ): Promise<Buffer> {
    return this.#issue({
      subject: distinguishedName([
        [OID.domainComponent, identity.tenantId],
        [OID.commonName, identity.clientId],
      ]),
      publicKey,
      lifetimeMs: lifetimeSeconds * 1000,
      purpose: OID.clientAuth,
      usage: keyUsage(DIGITAL_SIGNATURE_AND_KEY_ENCIPHERMENT, 5),
      extensions: [],
    });
  }

  /**
   * Judges a certificate that a client presented.
   * @returns what is wrong with it, or undefined
   */
  findDefect(certificate: X509Certificate): ClientCertificateDefect | undefined {
    if (!certificate.checkIssued(this.#certificate) || !certificate.verify(this.#certificate.publicKey)) {
      return 'not_issued_here';
    }
    // Node calls the extended key usages `keyUsage`.
    const purposes = certificate.keyUsage as string[] | undefined;
    if (!purposes?.includes(OID.clientAuth)) return 'not_for_clients';
    if (Date.parse(certificate.validTo) <= this.#now()) return 'expired';
    if (Date.parse(certificate.validFrom) > this.#now()) return 'not_yet_valid';
    return undefined;
  }

  async #issue(request: {
    subject: pkijs.RelativeDistinguishedNames;
    publicKey: KeyObject;
    lifetimeMs: number;
    purpose: string;
    usage: pkijs.Extension;
    extensions: pkijs.Extension[];
  }): Promise<Buffer> {
    const authorityKeyIdentifier = new pkijs.AuthorityKeyIdentifier({
      keyIdentifier: new asn1js.OctetString({ valueHex: keyIdentifier(this.#certificate.publicKey) }),
    });
    return signCertificate(this.#privateKey, {
      subject: request.subject,
      issuer: this.#name,
      publicKey: request.publicKey,
      notBefore: this.#now() - BACKDATED_MS,
      notAfter: this.#now() + request.lifetimeMs,
      extensions: [
        extension(OID.basicConstraints, true, new pkijs.BasicConstraints({ cA: false }).toSchema()),
        request.usage,
        extension(OID.extendedKeyUsage, false, new pkijs.ExtKeyUsage({ keyPurposes: [request.purpose] }).toSchema()),
        extension(
          OID.subjectKeyIdentifier,
          false,
          new asn1js.OctetString({ valueHex: keyIdentifier(request.publicKey) }),
        ),
        extension(OID.authorityKeyIdentifier, false, authorityKeyIdentifier.toSchema()),
        ...request.extensions,
      ],
    });
  }
}

function generateP256Key(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return generate('ec', { namedCurve: 'P-256' });
}

async function signCertificate(
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
function distinguishedName(attributes: [oid: string, value: string][]): pkijs.RelativeDistinguishedNames {
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

function extension(extnID: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) });
}

function keyUsage(firstOctet: number, unusedBits: number): pkijs.Extension {
  return extension(OID.keyUsage, true, new asn1js.BitString({ valueHex: bytes(firstOctet), unusedBits }));
}

function keyIdentifier(publicKey: KeyObject): ArrayBuffer {
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

function bytes(...octets: number[]): ArrayBuffer {
  return Uint8Array.from(octets).buffer;
}

/** A copy: the buffer behind a Buffer may be Node's shared pool. */
function arrayBuffer(octets: Uint8Array): ArrayBuffer {
  return Uint8Array.from(octets).buffer;
}
