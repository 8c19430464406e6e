/** The certificate request, byte by byte (D13, RFC 2986), and as OpenSSL reads it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { buildCsr } from 'core/binding/mint.js';
import { encodeCsr, toDotNetJson } from 'core/crypto/csr.js';
import { createSoftwareKeyStore } from 'core/platform/software/key-store.js';
import type { SigningKey } from 'core/ports.js';
import { testCall } from 'support/call.js';

const CLIENT_ID = '11111111-1111-1111-1111-111111111111';
const TENANT_ID = '22222222-2222-2222-2222-222222222222';
const CU_ID = '{"vmId":"fake_vmId"}';
/** Of a public key that nobody has the other half of. */
const MODULUS = Buffer.from(
  '5PDY/61MaHDzELcUV3CLRk+mfGJtc1EosurNzxcnr09vimjgRDWmbLOPh/85dQ4z7LPDn/d2oDvPmrBJ07pRA0GplBmvAnnsDlIVr/p6Cbm9nO5qVRUb' +
    'vLFTfOy6BrVNTFMWw0YeBM8LPVlADi9rnXRuRLpe7PPfNNHE2Pc6jVccFr6m8VyVzWkYgru57fi6wkkILyUTgYU61h2JCAA/3MEriNbr+jIFryiHZQVJ' +
    'rscAI/GD6vqTsvSa6h3keZsPW8+XrIzlvubep3/Apno3hn9SHIDfK8yxgyWjmyg4Tn5PiH7VlRhZVxaM5qwkQq0PJ8Et++ufxOkcMRIaj0DcpQ==',
  'base64',
);
const SPKI = Buffer.concat([
  hex('30820122 300d 0609 2a864886f70d010101 0500 0382010f00 3082010a 02820101 00'),
  MODULUS,
  hex('0203 010001'),
]);
const SIGNATURE = Buffer.alloc(256, 0x5a);

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s+/g, ''), 'hex');
}

/** What is signed, written out by hand. */
const TO_BE_SIGNED = Buffer.concat([
  hex('308201b8'), // CertificationRequestInfo, 440 bytes
  hex('0201 00'), // version 0
  hex('3065'), // subject: two sets of one attribute each
  hex('3134 3032 060a 0992268993f22c640119 1624'), // DC first, IA5String
  Buffer.from(TENANT_ID),
  hex('312d 302b 0603 550403 1324'), // then CN, PrintableString
  Buffer.from(CLIENT_ID),
  SPKI,
  hex('a026 3024 060a 2b060104018237 5a020a 3116 0c14'), // [0] one attribute with one UTF8String
  Buffer.from(CU_ID),
]);
/** RSASSA-PSS with SHA-256, MGF1-SHA-256 and salt 32; no NULLs, no trailer field. */
const SIGNATURE_ALGORITHM = hex(
  '303d 0609 2a864886f70d01010a 3030 a00d 300b 0609 608648016503040201' +
    'a11a 3018 0609 2a864886f70d010108 300b 0609 608648016503040201 a203 020120',
);

const encode = (overrides: Partial<Parameters<typeof encodeCsr>[0]> = {}) =>
  encodeCsr({
    clientId: CLIENT_ID,
    tenantId: TENANT_ID,
    cuIdJson: CU_ID,
    spki: SPKI,
    sign: () => Promise.resolve(SIGNATURE),
    ...overrides,
  });

describe('bytes', () => {
  test('E04, E05, E08: the request is exactly version 0, DC then CN, the key with NULL parameters and one UTF8String', async () => {
    let signed: Uint8Array | undefined;
    const der = await encode({
      sign: (message) => {
        signed = message;
        return Promise.resolve(SIGNATURE);
      },
    });

    expect(Buffer.from(signed!).toString('hex')).toBe(TO_BE_SIGNED.toString('hex'));
    const expected = Buffer.concat([hex('30820300'), TO_BE_SIGNED, SIGNATURE_ALGORITHM, hex('03820101 00'), SIGNATURE]);
    expect(Buffer.from(der).toString('hex')).toBe(expected.toString('hex'));
  });

  test('a signature that lies in a shared buffer pool is copied, not its surroundings', async () => {
    const pooled = Buffer.concat([Buffer.alloc(8, 1), SIGNATURE, Buffer.alloc(8, 2)]).subarray(8, 264);
    const der = Buffer.from(await encode({ sign: () => Promise.resolve(pooled) }));

    expect(der.subarray(-256).equals(SIGNATURE)).toBe(true);
    expect(der).toHaveLength(772);
  });

  test('a client id outside of PrintableString becomes a UTF8String', async () => {
    const der = Buffer.from(await encode({ clientId: 'cliënt_1' }));

    expect(der.includes(Buffer.concat([hex('0603 550403 0c09'), Buffer.from('cliënt_1')]))).toBe(true);
  });
});

describe('read by OpenSSL', () => {
  let key: SigningKey;
  let csr: string;
  beforeAll(async () => {
    key = await createSoftwareKeyStore().open({ verify: false });
    const metadata = {
      clientId: CLIENT_ID,
      tenantId: TENANT_ID,
      cuId: { vmId: 'fake_vmId' },
      attestationEndpoint: undefined,
    };
    csr = await buildCsr(key, metadata, testCall());
  });
  const input = () => Buffer.from(csr, 'base64');

  test('E07: the PSS signature verifies with the key of the request', () => {
    // Some versions exit with 0 although the signature is wrong: the verdict on stderr counts.
    const { stderr } = spawnSync('openssl', ['req', '-inform', 'DER', '-noout', '-verify'], { input: input() });

    expect(stderr.toString()).toMatch(/verify OK/);
  });

  test('a request whose subject was changed after signing does not verify', () => {
    const tampered = input();
    tampered[tampered.indexOf(CLIENT_ID)] = 0x39;
    const { stderr } = spawnSync('openssl', ['req', '-inform', 'DER', '-noout', '-verify'], { input: tampered });

    expect(stderr.toString()).not.toMatch(/verify OK/);
  });

  test('the parts are what they should be', () => {
    const text = execFileSync('openssl', ['req', '-inform', 'DER', '-noout', '-text'], { input: input() }).toString();

    expect(text).toMatch(/Version: 1 \(0x0\)/);
    expect(text).toMatch(new RegExp(`Subject: DC = ${TENANT_ID}, CN = ${CLIENT_ID}`));
    expect(text).toMatch(/Public-Key: \(2048 bit\)/);
    expect(text).toMatch(/Signature Algorithm: rsassaPss[\s\S]*Hash Algorithm: sha256[\s\S]*Salt Length: 0x20/);
    const structure = execFileSync('openssl', ['asn1parse', '-inform', 'DER'], { input: input() }).toString();
    expect(structure).toMatch(
      /OBJECT\s*:1\.3\.6\.1\.4\.1\.311\.90\.2\.10\n.*SET\s*\n.*UTF8STRING\s*:\{"vmId":"fake_vmId"\}/,
    );
  });

  test('E09: what is sent is one line of Base64 without PEM markers', () => {
    expect(csr).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
    expect(Buffer.from(csr, 'base64').toString('base64')).toBe(csr);
  });
});

test('a key that cannot sign fails the step without repeating what the key said', async () => {
  const broken = {
    id: 'k',
    strength: 1,
    spki: SPKI,
    sign: () => Promise.reject(new Error('PIN 1234 is wrong')),
  } as const;
  const metadata = {
    clientId: CLIENT_ID,
    tenantId: TENANT_ID,
    cuId: { vmId: 'fake_vmId' },
    attestationEndpoint: undefined,
  };
  const failure = buildCsr(broken, metadata, testCall({ correlationId: 'c-1' }));

  await expect(failure).rejects.toMatchObject({
    errorCode: 'key_operation_failed',
    stage: 'csr',
    correlationId: 'c-1',
  });
  await expect(failure).rejects.not.toThrow(/1234/);
});

describe('the text in the attribute is what the JSON encoder of .NET would write (D13)', () => {
  test('E02: only the members that are there are written, compactly and in their order', () => {
    expect(toDotNetJson({ vmId: 'fake_vmId' })).toBe('{"vmId":"fake_vmId"}');
    expect(toDotNetJson({ vmId: 'v', vmssId: 's' })).toBe('{"vmId":"v","vmssId":"s"}');
    expect(toDotNetJson({ vmId: 'v', vmssId: '' })).toBe('{"vmId":"v","vmssId":""}');
  });

  test.each([
    ['plain text', 'AZ az 09 -_.:/', '"AZ az 09 -_.:/"'],
    ['HTML characters', `<a href='x'>&`, String.raw`"\u003Ca href=\u0027x\u0027\u003E\u0026"`],
    ['double quote, backslash', '"\\', String.raw`"\u0022\\"`],
    ['plus and backtick', '+`', String.raw`"\u002B\u0060"`],
    ['controls with a short form', '\b\t\n\f\r', String.raw`"\b\t\n\f\r"`],
    ['other controls', '\u0000\u001f\u007f', String.raw`"\u0000\u001F\u007F"`],
    ['letters beyond ASCII', 'é中', String.raw`"\u00E9\u4E2D"`],
    ['a character of two units', '😀', String.raw`"\uD83D\uDE00"`],
    ['line separators', '\u2028\u2029', String.raw`"\u2028\u2029"`],
  ])('%s: escaped as .NET does', (_what, text, expected) => {
    expect(toDotNetJson(text)).toBe(expected);
    expect(JSON.parse(toDotNetJson(text))).toBe(text);
  });
});
