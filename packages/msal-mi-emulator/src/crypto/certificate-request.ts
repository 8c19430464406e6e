import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

const OID = {
  commonName: '2.5.4.3',
  domainComponent: '0.9.2342.19200300.100.1.25',
  cuId: '1.3.6.1.4.1.311.90.2.10',
  rsaPss: '1.2.840.113549.1.1.10',
  sha256: '2.16.840.1.101.3.4.2.1',
  mgf1: '1.2.840.113549.1.1.8',
} as const;
const UTF8_STRING_TAG = 12;
const SALT_LENGTH = 32;

/** What is wrong with a certificate request, in words. */
export class CertificateRequestError extends Error {
  override readonly name = 'CertificateRequestError';
}

/** What the subject and the attribute of a certificate request must say. */
export interface ExpectedRequest {
  clientId: string;
  tenantId: string;
  cuId: { vmId?: string; vmssId?: string };
}

/**
 * Verifies a managed identity's PKCS#10 request (D13): version 0, subject DC = tenant then CN = client id, exactly one
 * attribute with the compute unit id as compact JSON, RSA of 2048 bits or more, self-signed with RSASSA-PSS SHA-256 salt 32.
 * @returns the public key to certify
 * @throws CertificateRequestError naming the first thing that is wrong
 */
export function verifyCertificateRequest(base64: string, expected: ExpectedRequest): KeyObject {
  const request = parse(base64);
  if (request.version !== 0) throw new CertificateRequestError('the version is not 0 (v1)');
  checkSubject(request.subject, expected);
  checkAttribute(request.attributes ?? [], expected);
  const publicKey = rsaKey(request);
  checkSignature(request, publicKey);
  return publicKey;
}

function parse(base64: string): pkijs.CertificationRequest {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    throw new CertificateRequestError('it is not one line of standard Base64 without PEM markers');
  }
  const der = Uint8Array.from(Buffer.from(base64, 'base64'));
  const tree = readBer(der);
  if (tree.offset === -1) throw new CertificateRequestError('it is not DER');
  if (tree.offset !== der.length) throw new CertificateRequestError('there are bytes after the DER');
  try {
    return new pkijs.CertificationRequest({ schema: tree.result });
  } catch {
    throw new CertificateRequestError('it is not a PKCS#10 certification request');
  }
}

/** asn1js reports most defects in its result, and throws for some. */
function readBer(der: Uint8Array): ReturnType<typeof asn1js.fromBER> {
  try {
    return asn1js.fromBER(der);
  } catch {
    throw new CertificateRequestError('it is not DER');
  }
}

function checkSubject(subject: pkijs.RelativeDistinguishedNames, { clientId, tenantId }: ExpectedRequest): void {
  // pkijs flattens the name, so the shape (one attribute per RDN) is read from the bytes.
  const rdns = members(asn1js.fromBER(subject.valueBeforeDecode).result);
  const hasTwoRdns = rdns.length === 2 && rdns.every((rdn) => members(rdn).length === 1);
  const [first, second] = subject.typesAndValues;
  if (!hasTwoRdns || first?.type !== OID.domainComponent || second?.type !== OID.commonName) {
    throw new CertificateRequestError('the subject is not DC then CN, one attribute per RDN');
  }
  if (text(first.value) !== tenantId) {
    throw new CertificateRequestError('the DC of the subject is not the tenantId of the metadata');
  }
  if (text(second.value) !== clientId) {
    throw new CertificateRequestError('the CN of the subject is not the clientId of the metadata');
  }
}

function checkAttribute(attributes: pkijs.Attribute[], { cuId }: ExpectedRequest): void {
  const [attribute] = attributes;
  if (attributes.length !== 1 || attribute?.type !== OID.cuId) {
    throw new CertificateRequestError(`there must be exactly one attribute, ${OID.cuId}`);
  }
  const values = attribute.values as asn1js.BaseBlock[];
  const [value] = values;
  if (values.length !== 1 || value?.idBlock.tagClass !== 1 || value.idBlock.tagNumber !== UTF8_STRING_TAG) {
    throw new CertificateRequestError('the attribute does not hold exactly one UTF8String');
  }
  if (!compactForms(cuId).includes(text(value) ?? '')) {
    throw new CertificateRequestError('the attribute is not the compact JSON of the cuId of the metadata');
  }
}

/** vmId, then vmssId; absent ones omitted. With JSON's own escapes or with the wider set that System.Text.Json writes. */
function compactForms({ vmId, vmssId }: ExpectedRequest['cuId']): string[] {
  const plain = JSON.stringify({ vmId, vmssId });
  const escaped = plain.replace(
    /\\"|[<>&'+`\u007f-\uffff]/g,
    (unit) =>
      `\\u${unit
        .charCodeAt(unit.length - 1)
        .toString(16)
        .toUpperCase()
        .padStart(4, '0')}`,
  );
  return [plain, escaped];
}

function rsaKey(request: pkijs.CertificationRequest): KeyObject {
  let key: KeyObject;
  try {
    const spki = Buffer.from(request.subjectPublicKeyInfo.toSchema().toBER(false));
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    throw new CertificateRequestError('the public key cannot be read');
  }
  if (key.asymmetricKeyType !== 'rsa') throw new CertificateRequestError('the public key is not RSA (rsaEncryption)');
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw new CertificateRequestError('the RSA key is shorter than 2048 bits');
  }
  return key;
}

function checkSignature(request: pkijs.CertificationRequest, publicKey: KeyObject): void {
  const { algorithmId } = request.signatureAlgorithm;
  const algorithmParams: unknown = request.signatureAlgorithm.algorithmParams;
  if (algorithmId !== OID.rsaPss) throw new CertificateRequestError('the signature is not RSASSA-PSS');
  let parameters: pkijs.RSASSAPSSParams;
  try {
    parameters = new pkijs.RSASSAPSSParams({ schema: algorithmParams });
  } catch {
    throw new CertificateRequestError('the RSASSA-PSS parameters cannot be read');
  }
  const mask = parameters.maskGenAlgorithm;
  const maskHash = (mask.algorithmParams as asn1js.Sequence | undefined)?.valueBlock.value[0];
  const isExpected =
    parameters.hashAlgorithm.algorithmId === OID.sha256 &&
    mask.algorithmId === OID.mgf1 &&
    maskHash instanceof asn1js.ObjectIdentifier &&
    maskHash.valueBlock.toString() === OID.sha256 &&
    parameters.saltLength === SALT_LENGTH &&
    parameters.trailerField === 1;
  if (!isExpected) {
    throw new CertificateRequestError('the RSASSA-PSS parameters are not SHA-256, MGF1 with SHA-256, salt 32');
  }
  const isSigned = verify(
    'sha256',
    request.tbsView,
    { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_LENGTH },
    Buffer.from(request.signatureValue.valueBlock.valueHexView),
  );
  if (!isSigned) throw new CertificateRequestError('the signature does not verify with the request’s own public key');
}

/** Elements of a SEQUENCE or SET; none for anything else. */
function members(block: asn1js.AsnType): asn1js.AsnType[] {
  return block instanceof asn1js.Constructed ? block.valueBlock.value : [];
}

function text(value: unknown): string | undefined {
  const block = (value as { valueBlock?: { value?: unknown } } | undefined)?.valueBlock;
  return typeof block?.value === 'string' ? block.value : undefined;
}
