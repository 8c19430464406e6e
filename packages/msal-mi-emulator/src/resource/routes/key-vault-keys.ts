import { constants, privateEncrypt, publicDecrypt, type KeyObject } from 'node:crypto';
import { generateRsaKey, type RsaKeyPair } from '../../crypto/rsa-key.js';
import type { ResourceModule } from '../resource-router.js';
import { newVaultObject, vaultError, vaultRoute, VaultObjects, type VaultObject } from './key-vault-objects.js';

interface Key extends VaultObject {
  pair: RsaKeyPair;
}

const NAME = '(?<name>[0-9a-zA-Z-]{1,127})';
const OPERATIONS = ['sign', 'verify'];
/** RFC 8017 section 9.2, note 1: what precedes a SHA-256 digest in a signature of PKCS#1 v1.5. */
const SHA256_PREFIX = Buffer.from('3031300d060960864801650304020105000420', 'hex');
const SHA256_BYTES = 32;

/** RSA keys of Key Vault: create, get, list in pages, delete, and sign and verify digests with RS256. */
export function createKeyVaultKeys(): ResourceModule {
  const keys = new VaultObjects<Key>('keys');
  const bundle = (key: Key, origin: string): object => {
    const { n, e } = key.pair.publicKey.export({ format: 'jwk' });
    const { attributes, tags } = key;
    return { key: { kid: keys.idOf(key, origin), kty: 'RSA', key_ops: OPERATIONS, n, e }, attributes, tags };
  };
  const notFound = (name = ''): ReturnType<typeof vaultError> =>
    vaultError(404, 'KeyNotFound', `A key with (name/id) ${name} was not found in this key vault.`);
  return {
    reset: () => keys.clear(),
    routes: [
      {
        resource: 'vault',
        methods: ['GET'],
        pattern: /^\/keys\/?$/,
        answer: vaultRoute((call) => keys.list(call, ({ attributes, tags }, kid) => ({ kid, attributes, tags }))),
      },
      {
        resource: 'vault',
        methods: ['POST'],
        pattern: new RegExp(`^/keys/${NAME}/create$`),
        answer: vaultRoute(async ({ params, origin, world }, body) => {
          if (body['kty'] !== 'RSA' || (body['key_size'] ?? 2048) !== 2048) {
            return vaultError(400, 'BadParameter', 'Only RSA keys of 2048 bits are emulated.');
          }
          const object = newVaultObject(params['name'] ?? '', body, world.configuration.now());
          const key: Key = { ...object, pair: await generateRsaKey() };
          keys.add(key);
          return { status: 200, json: bundle(key, origin) };
        }),
      },
      {
        resource: 'vault',
        methods: ['GET'],
        pattern: new RegExp(`^/keys/${NAME}(?:/(?<version>[0-9a-f]{32})?)?$`),
        answer: vaultRoute(({ params, origin }) => {
          const key = keys.find(params['name'], params['version']);
          return key ? { status: 200, json: bundle(key, origin) } : notFound(params['name']);
        }),
      },
      {
        resource: 'vault',
        methods: ['DELETE'],
        pattern: new RegExp(`^/keys/${NAME}/?$`),
        answer: vaultRoute(({ params, origin, world }) => {
          const key = keys.delete(params['name'] ?? '');
          if (!key) return notFound(params['name']);
          const nowSeconds = Math.floor(world.configuration.now() / 1000);
          const deleted = { deletedDate: nowSeconds, scheduledPurgeDate: nowSeconds };
          return { status: 200, json: { ...bundle(key, origin), ...deleted } };
        }),
      },
      {
        resource: 'vault',
        methods: ['POST'],
        pattern: new RegExp(`^/keys/${NAME}/(?<version>[0-9a-f]{32})?/?(?<operation>sign|verify)$`),
        answer: vaultRoute(({ params, origin }, body) => {
          const key = keys.find(params['name'], params['version']);
          if (!key) return notFound(params['name']);
          const digest = bytesOf(params['operation'] === 'sign' ? body['value'] : body['digest']);
          if (body['alg'] !== 'RS256' || digest?.length !== SHA256_BYTES) {
            return vaultError(400, 'BadParameter', 'Only RS256 over a SHA-256 digest is emulated.');
          }
          if (params['operation'] === 'sign') {
            const value = signDigest(key.pair.privateKey, digest).toString('base64url');
            return { status: 200, json: { kid: keys.idOf(key, origin), value } };
          }
          return { status: 200, json: { value: isSignature(key.pair.publicKey, digest, bytesOf(body['value'])) } };
        }),
      },
    ],
  };
}

function bytesOf(value: unknown): Buffer | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64url') : undefined;
}

function signDigest(key: KeyObject, digest: Buffer): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([SHA256_PREFIX, digest]));
}

function isSignature(key: KeyObject, digest: Buffer, signature: Buffer | undefined): boolean {
  try {
    const signed = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature ?? Buffer.alloc(0));
    return signed.equals(Buffer.concat([SHA256_PREFIX, digest]));
  } catch {
    return false;
  }
}
