/** An RSA key in the memory of this process. Never reports KeyGuard. */
import { constants, generateKeyPair, sign, type KeyObject } from 'node:crypto';
import { x5tS256 } from '../../crypto/x509.js';
import type { KeyStore, SigningKey } from '../../ports.js';
import { MtlsBindingStrength } from '../../public-types/constants.js';

/** The private half, for the TLS stack of this process only. Kept out of {@link SigningKey}, which others hold. */
const PRIVATE_KEYS = new WeakMap<SigningKey, KeyObject>();
const MODULUS_BITS = 2048;
const SALT_BYTES = 32;

export function createSoftwareKeyStore(): KeyStore {
  let key: Promise<SigningKey> | undefined;
  return {
    strongest: () => Promise.resolve(MtlsBindingStrength.Software),
    open({ signal }) {
      signal?.throwIfAborted();
      key ??= generate().catch((error: unknown) => {
        key = undefined;
        throw error;
      });
      return key;
    },
  };
}

/** PKCS#8 PEM, or undefined for keys that were not made here. */
export function exportPrivateKey(key: SigningKey): string | undefined {
  return PRIVATE_KEYS.get(key)?.export({ type: 'pkcs8', format: 'pem' }) as string | undefined;
}

function generate(): Promise<SigningKey> {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength: MODULUS_BITS }, (error, publicKey, privateKey) => {
      if (error !== null) {
        reject(error);
        return;
      }
      const spki = publicKey.export({ type: 'spki', format: 'der' });
      const key: SigningKey = Object.freeze({
        id: x5tS256(spki),
        strength: MtlsBindingStrength.Software,
        spki,
        sign: (message: Uint8Array) => signPss(privateKey, message),
      });
      PRIVATE_KEYS.set(key, privateKey);
      resolve(key);
    });
  });
}

function signPss(key: KeyObject, message: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES };
    sign('sha256', message, { key, ...padding }, (error, signature) => {
      if (error === null) resolve(signature);
      else reject(error);
    });
  });
}
