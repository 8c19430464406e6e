import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** An RSA key pair as Node's key objects. */
export interface RsaKeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const generate = promisify(generateKeyPair);

/** Makes a throw-away RSA-2048 key on the thread pool. */
export async function generateRsaKey(): Promise<RsaKeyPair> {
  return generate('rsa', { modulusLength: 2048, publicExponent: 0x10001 });
}

/** Whether two keys are the same RSA public key. */
export function isSameRsaKey(one: { n?: unknown; e?: unknown }, other: { n?: unknown; e?: unknown }): boolean {
  return typeof one.n === 'string' && typeof one.e === 'string' && one.n === other.n && one.e === other.e;
}
