import { sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const signAsync = promisify<string, Buffer, KeyObject, Buffer>((algorithm, bytes, key, done) => {
  sign(algorithm, bytes, key, done);
});
const P256_OCTETS = 32;

/**
 * Signs with a P-256 key and SHA-256 so that both numbers of the signature fill their 32 octets. One signature in 128 has
 * a number that begins with a zero octet, which Wine drops, and then takes the signature for a wrong one.
 */
export async function signEcdsa(message: Buffer, key: KeyObject): Promise<Buffer> {
  for (;;) {
    const signature = await signAsync('sha256', message, key);
    // SEQUENCE { INTEGER r, INTEGER s }, all of them short enough for lengths of one octet.
    const r = integerAt(signature, 2);
    const s = integerAt(signature, 4 + r.length);
    if (significantOctets(r) === P256_OCTETS && significantOctets(s) === P256_OCTETS) return signature;
  }
}

function integerAt(der: Buffer, offset: number): Buffer {
  return der.subarray(offset + 2, offset + 2 + der[offset + 1]!);
}

/** DER puts a zero octet before a positive number whose first bit is set. */
function significantOctets(integer: Buffer): number {
  return integer[0] === 0 ? integer.length - 1 : integer.length;
}
