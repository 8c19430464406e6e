/** PKCS#10 with an external signer (RFC 2986). Loads pkijs: import this file only to mint. */
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

const OID = {
  commonName: '2.5.4.3',
  domainComponent: '0.9.2342.19200300.100.1.25',
  rsassaPss: '1.2.840.113549.1.1.10',
  mgf1: '1.2.840.113549.1.1.8',
  sha256: '2.16.840.1.101.3.4.2.1',
  cuId: '1.3.6.1.4.1.311.90.2.10',
} as const;
const SALT_LENGTH = 32;
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** What goes into the request, and who signs it. */
export interface CsrContent {
  readonly clientId: string;
  readonly tenantId: string;
  readonly cuIdJson: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** RSASSA-PSS, SHA-256, MGF1-SHA-256, salt 32, over the message. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** The signed request, DER, with the bytes of D13. */
export async function encodeCsr(content: CsrContent): Promise<Uint8Array> {
  const request = new pkijs.CertificationRequest();
  request.version = 0;
  request.subject = encodeSubject(content.tenantId, content.clientId);
  request.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(content.spki);
  request.attributes = [
    new pkijs.Attribute({ type: OID.cuId, values: [new asn1js.Utf8String({ value: content.cuIdJson })] }),
  ];
  request.signatureAlgorithm = pssAlgorithm();

  // toSchema(true) encodes everything again; its first element is the part that is signed.
  const [toBeSigned] = request.toSchema(true).valueBlock.value;
  const signature = await content.sign(new Uint8Array((toBeSigned as asn1js.Sequence).toBER(false)));
  // A Buffer's memory may be a shared pool: asn1js wants an ArrayBuffer of exactly these bytes.
  request.signatureValue = new asn1js.BitString({ valueHex: Uint8Array.from(signature).buffer });
  return new Uint8Array(request.toSchema(true).toBER(false));
}

/** DC then CN, one attribute per RDN. pkijs would put both into one RDN, so the Name is encoded here. */
function encodeSubject(tenantId: string, clientId: string): pkijs.RelativeDistinguishedNames {
  const rdn = (type: string, value: asn1js.BaseBlock) =>
    new asn1js.Set({
      value: [new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: type }), value] })],
    });
  const commonName = PRINTABLE.test(clientId)
    ? new asn1js.PrintableString({ value: clientId })
    : new asn1js.Utf8String({ value: clientId });
  const name = new asn1js.Sequence({
    value: [rdn(OID.domainComponent, new asn1js.IA5String({ value: tenantId })), rdn(OID.commonName, commonName)],
  });
  return pkijs.RelativeDistinguishedNames.fromBER(name.toBER(false));
}

/** The hash identifiers carry no NULL parameters, as .NET writes them; RFC 4055 allows both. */
function pssAlgorithm(): pkijs.AlgorithmIdentifier {
  const sha256 = new pkijs.AlgorithmIdentifier({ algorithmId: OID.sha256 });
  const parameters = new pkijs.RSASSAPSSParams({
    hashAlgorithm: sha256,
    maskGenAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: OID.mgf1, algorithmParams: sha256.toSchema() }),
    saltLength: SALT_LENGTH,
  });
  return new pkijs.AlgorithmIdentifier({ algorithmId: OID.rsassaPss, algorithmParams: parameters.toSchema() });
}

/** Characters that .NET's default JSON encoder escapes although JSON does not ask for it. */
const ESCAPED = /["&'+<>`\u007f-\uffff]/g;

/** Compact JSON with the escaping of .NET's System.Text.Json defaults, so that the CSR attribute has the same bytes. */
export function toDotNetJson(value: string | Readonly<Record<string, string>>): string {
  if (typeof value === 'string') return quote(value);
  const members = Object.entries(value).map(([name, member]) => `${quote(name)}:${quote(member)}`);
  return `{${members.join(',')}}`;
}

function quote(text: string): string {
  let escaped = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i);
    escaped += unit < ' ' ? escapeControl(unit) : unit === '\\' ? '\\\\' : unit.replace(ESCAPED, toUnicodeEscape);
  }
  return `"${escaped}"`;
}

function escapeControl(unit: string): string {
  const short: Record<string, string> = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' };
  return short[unit] ?? toUnicodeEscape(unit);
}

function toUnicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
