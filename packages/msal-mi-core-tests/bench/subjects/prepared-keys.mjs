/**
 * Generating an RSA key takes from 30 to 500 ms by luck, which would drown what is compared. So all subjects get a key that
 * was made before, after the time that generating one takes in the middle.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';
import { median } from '../statistics.mjs';

/** @returns the median time of generating a key on this machine, milliseconds */
export async function prepareKeys(count) {
  const generate = promisify(crypto.generateKeyPair);
  const times = [];
  const keys = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    keys.push(await generate('rsa', { modulusLength: 2048 }));
    times.push(performance.now() - startedAt);
  }
  const generationMs = median(times);
  let next = 0;
  crypto.generateKeyPair = (_type, _options, callback) => {
    const { publicKey, privateKey } = keys[next++ % keys.length];
    setTimeout(() => callback(null, publicKey, privateKey), generationMs);
  };
  syncBuiltinESMExports();
  return generationMs;
}
