import type { ResourceModule } from '../resource-router.js';
import { newVaultObject, vaultError, vaultRoute, VaultObjects, type VaultObject } from './key-vault-objects.js';

interface Secret extends VaultObject {
  value: string;
  contentType: unknown;
}

const NAME = '(?<name>[0-9a-zA-Z-]{1,127})';
const LONGEST_VALUE = 25_600;

/** Secrets of Key Vault: set, get by name and version, list in pages, delete. */
export function createKeyVaultSecrets(): ResourceModule {
  const secrets = new VaultObjects<Secret>('secrets');
  const describe = ({ attributes, tags, contentType }: Secret, id: string): object => ({
    id,
    attributes,
    tags,
    contentType,
  });
  const bundle = (secret: Secret, origin: string): object => ({
    ...describe(secret, secrets.idOf(secret, origin)),
    value: secret.value,
  });
  const notFound = (name = ''): ReturnType<typeof vaultError> =>
    vaultError(404, 'SecretNotFound', `A secret with (name/id) ${name} was not found in this key vault.`);
  return {
    reset: () => secrets.clear(),
    routes: [
      {
        resource: 'vault',
        methods: ['GET'],
        pattern: /^\/secrets\/?$/,
        answer: vaultRoute((call) => secrets.list(call, describe)),
      },
      {
        resource: 'vault',
        methods: ['PUT'],
        pattern: new RegExp(`^/secrets/${NAME}/?$`),
        answer: vaultRoute(({ params, origin, world }, body) => {
          const { value, contentType } = body;
          if (typeof value !== 'string' || value.length > LONGEST_VALUE) {
            return vaultError(400, 'BadParameter', 'The parameter value is missing, no string or too long.');
          }
          const object = newVaultObject(params['name'] ?? '', body, world.configuration.now());
          const secret: Secret = { ...object, value, contentType };
          secrets.add(secret);
          return { status: 200, json: bundle(secret, origin) };
        }),
      },
      {
        resource: 'vault',
        methods: ['GET'],
        pattern: new RegExp(`^/secrets/${NAME}(?:/(?<version>[0-9a-f]{32})?)?$`),
        answer: vaultRoute(({ params, origin }) => {
          const secret = secrets.find(params['name'], params['version']);
          return secret ? { status: 200, json: bundle(secret, origin) } : notFound(params['name']);
        }),
      },
      {
        resource: 'vault',
        methods: ['DELETE'],
        pattern: new RegExp(`^/secrets/${NAME}/?$`),
        answer: vaultRoute(({ params, origin, world }) => {
          const secret = secrets.delete(params['name'] ?? '');
          if (!secret) return notFound(params['name']);
          const nowSeconds = Math.floor(world.configuration.now() / 1000);
          const deleted = { deletedDate: nowSeconds, scheduledPurgeDate: nowSeconds };
          return { status: 200, json: { ...describe(secret, secrets.idOf(secret, origin)), ...deleted } };
        }),
      },
    ],
  };
}
