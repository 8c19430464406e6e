import { generateKeyPairSync, verify } from 'node:crypto';
import { signEcdsa } from 'emulator/crypto/sign-ecdsa.js';

const MESSAGE = Buffer.from('to be signed');
/** Without care one signature in 128 has a number that begins with a zero octet. */
const SIGNATURES = 2000;

test('both numbers of every signature fill their 32 octets, as Wine wants it', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (let i = 0; i < SIGNATURES; i += 1) {
    const signature = await signEcdsa(MESSAGE, privateKey);
    if (!verify('sha256', MESSAGE, publicKey, signature)) throw new Error('a signature that does not verify');
    const lengths = numbersOf(signature).map((number) => number.toString(16).length);
    if (!lengths.every((length) => length > 62)) throw new Error(`a signature with a short number: ${lengths.join()}`);
  }
});

/** SEQUENCE { INTEGER r, INTEGER s } */
function numbersOf(signature: Buffer): bigint[] {
  const first = signature.subarray(4, 4 + signature[3]!);
  const second = signature.subarray(4 + first.length + 2);
  return [first, second].map((octets) => BigInt(`0x${octets.toString('hex')}`));
}
