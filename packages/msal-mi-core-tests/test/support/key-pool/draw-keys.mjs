/**
 * In every test file: `generateKeyPair` and `generateKeyPairSync` of node:crypto hand out the keys of the pool in turn, so
 * that two keys are two keys: one comes again only after all the others. Key pairs of other kinds are made as always.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

// The object behind the module: its named exports are fixed when a test first imports it.
const crypto = createRequire(import.meta.url)('node:crypto');
const REAL = Symbol.for('msal-mi-core-tests.key-generators');
// Files share the process, and with it this object.
const real = (crypto[REAL] ??= {
  generateKeyPair: crypto.generateKeyPair,
  generateKeyPairSync: crypto.generateKeyPairSync,
});
const pool = JSON.parse(readFileSync(process.env.MSAL_MI_TEST_KEYS, 'utf8'));
let drawn = 0;

function isPooled(type, options) {
  return type === 'rsa' && options.modulusLength === 2048 && options.privateKeyEncoding === undefined;
}

function draw() {
  const pem = pool[drawn++ % pool.length];
  return { publicKey: crypto.createPublicKey(pem), privateKey: crypto.createPrivateKey(pem) };
}

function generateKeyPair(type, options, done) {
  if (!isPooled(type, options)) {
    real.generateKeyPair(type, options, done);
    return;
  }
  const { publicKey, privateKey } = draw();
  setImmediate(() => done(null, publicKey, privateKey));
}
// util.promisify knows the two results of the real one by a mark that is not public.
generateKeyPair[promisify.custom] = (type, options) =>
  new Promise((resolve, reject) => {
    generateKeyPair(type, options, (error, publicKey, privateKey) => {
      if (error === null) resolve({ publicKey, privateKey });
      else reject(error);
    });
  });
crypto.generateKeyPair = generateKeyPair;
crypto.generateKeyPairSync = (type, options) =>
  isPooled(type, options) ? draw() : real.generateKeyPairSync(type, options);
