import { tokenKey } from 'core/cache/cache-key.js';
import { TokenKeys } from 'core/cache/token-keys.js';
import type { Binding, TokenRequest } from 'core/model.js';
import { MtlsBindingStrength } from 'core/public-types.js';

const binding = (x5tS256: string) => ({ tenantId: 'tenant', certificate: { x5tS256 } }) as Binding;
const request = (overrides: Partial<TokenRequest>) =>
  ({
    resource: 'https://a',
    claimsFromClient: undefined,
    minStrength: MtlsBindingStrength.KeyGuard,
    ...overrides,
  }) as TokenRequest;

test('a key that is kept is the key that would be built, for every combination, in any order', () => {
  const combinations = [binding('one'), binding('two')].flatMap((bound) => {
    const keys = new TokenKeys('prefix\0', bound);
    return [MtlsBindingStrength.Software, MtlsBindingStrength.KeyGuard].flatMap((minStrength) =>
      ['https://a', 'https://b'].flatMap((resource) =>
        [undefined, '{"access_token":{}}'].map((claimsFromClient) => ({
          bound,
          keys,
          asked: request({ minStrength, resource, claimsFromClient }),
        })),
      ),
    );
  });
  for (const round of [combinations, combinations.toReversed()]) {
    for (const { bound, keys, asked } of round) {
      const parts = { tenantId: bound.tenantId, x5tS256: bound.certificate.x5tS256 };
      expect(keys.of(asked)).toBe(tokenKey('prefix\0', asked, parts));
    }
  }
  expect(new Set(combinations.map(({ keys, asked }) => keys.of(asked))).size).toBe(combinations.length);
});
