import { execFile } from 'node:child_process';
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const generate = promisify(generateKeyPair);

/** What goes into a certificate request; every member can be made wrong on its own. */
export interface RequestContent {
  tenantId: string;
  clientId: string;
  /** Text of the cuId attribute. */
  cuId: string;
  /** Lines of the distinguished name section, in place of DC then CN. */
  subjectLines?: string[];
  /** Lines of the attribute section, in place of the one with the cuId. */
  attributeLines?: string[];
  /** `-sigopt` values, in place of PSS with salt 32. */
  signatureOptions?: string[];
  digest?: 'sha256' | 'sha384';
  /** `string_mask` of openssl: which string type the attribute gets. */
  stringMask?: 'utf8only' | 'default';
}

/** An RSA key and a request for it, both made by openssl and node alone. */
export interface OpensslRequest {
  key: KeyObject;
  privateKeyPem: string;
  csr: string;
}

/** Makes a key and a PKCS#10 request with the openssl command: nothing of the product takes part. */
export async function makeRequest(content: RequestContent, modulusLength = 2048): Promise<OpensslRequest> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength });
  const privateKeyPem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  return { key: publicKey, privateKeyPem, csr: await makeCsr(content, privateKeyPem) };
}

/** A request for an existing key, as one line of Base64. */
export async function makeCsr(content: RequestContent, privateKeyPem: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'csr-'));
  try {
    const keyFile = join(folder, 'key.pem');
    const configFile = join(folder, 'request.cnf');
    await writeFile(keyFile, privateKeyPem, { mode: 0o600 });
    await writeFile(configFile, configuration(content));
    const options = content.signatureOptions ?? ['rsa_padding_mode:pss', 'rsa_pss_saltlen:32'];
    const der = join(folder, 'request.der');
    const parameters = [
      'req',
      '-new',
      '-batch',
      '-key',
      keyFile,
      '-config',
      configFile,
      '-outform',
      'DER',
      '-out',
      der,
    ];
    parameters.push(`-${content.digest ?? 'sha256'}`, ...options.flatMap((option) => ['-sigopt', option]));
    await run('openssl', parameters);
    return (await readFile(der)).toString('base64');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function configuration(content: RequestContent): string {
  const { tenantId, clientId, cuId, subjectLines, attributeLines, stringMask } = content;
  // openssl reads backslash, quote, dollar and hash in values; the ids and the JSON have quotes only.
  const escaped = cuId.replace(/["\\]/g, (character) => `\\${character}`);
  return [
    '[req]',
    'prompt = no',
    'utf8 = yes',
    `string_mask = ${stringMask ?? 'utf8only'}`,
    'distinguished_name = subject',
    'attributes = attributes',
    '[subject]',
    ...(subjectLines ?? [`DC = ${tenantId}`, `CN = ${clientId}`]),
    '[attributes]',
    ...(attributeLines ?? [`1.3.6.1.4.1.311.90.2.10 = ${escaped}`]),
    '',
  ].join('\n');
}
