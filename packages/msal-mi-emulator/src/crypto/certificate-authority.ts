import { generateKeyPair, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import {
  bytes,
  distinguishedName,
  extension,
  keyIdentifier,
  keyUsage,
  OID,
  signCertificate,
} from './sign-certificate.js';
import type { TokenNotAfter } from '../types.js';
import { tokenNotAfterExtension } from './token-not-after.js';

const generate = promisify(generateKeyPair);
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
   * @param tokenNotAfter until when the token endpoint takes it, if not to its end
   * @returns DER
   */
  async issueClientCertificate(
    identity: { clientId: string; tenantId: string },
    publicKey: KeyObject,
    lifetimeSeconds: number,
    tokenNotAfter?: TokenNotAfter,
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
      extensions: tokenNotAfter ? [tokenNotAfterExtension(tokenNotAfter, this.#now())] : [],
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
