/**
 * In every test file: `generateKeyPair` of node:crypto hands out the keys of the pool, each once a file, so that two keys
 * are two keys; when the pool is empty it makes new ones. Key pairs of other kinds and sizes are made as always.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

// The object behind the module: its named exports are fixed when a test first imports it.
const crypto = createRequire(import.meta.url)('node:crypto');
const REAL = Symbol.for('msal-mi-core-tests.generateKeyPair');
crypto[REAL] ??= crypto.generateKeyPair; // files share the process, and with it this object
const real = crypto[REAL];
const pool = JSON.parse(readFileSync(process.env.MSAL_MI_TEST_KEYS, 'utf8'));

function generateKeyPair(type, options, done) {
  const isPooled = type === 'rsa' && options.modulusLength === 2048 && options.privateKeyEncoding === undefined;
  const pem = isPooled ? pool.pop() : undefined;
  if (pem === undefined) {
    real(type, options, done);
    return;
  }
  setImmediate(() => done(null, crypto.createPublicKey(pem), crypto.createPrivateKey(pem)));
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
