/** Every key, and everything that must keep two of them apart (D17, D25, D27). */
import { TokenCache } from 'core/cache/token-cache.js';
import {
  bindingKey,
  certificateAlias,
  mintFlightKey,
  ownerKey,
  tokenFlightKey,
  tokenKey,
  tokenKeyPrefix,
  TokenKeys,
} from 'core/cache/cache-key.js';
import type { Binding, ManagedIdentity, ReplacementAllowance, TokenRequest, TokenType } from 'core/model.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';

interface Call {
  imdsBase: string;
  identity: ManagedIdentity;
  attested: boolean;
  strength: MtlsBindingStrength;
  minStrength: MtlsBindingStrength;
  capabilities: string[];
  x5tS256: string;
  tenantId: string;
  resource: string;
  tokenType: TokenType;
  claims: string | undefined;
  claimsFromClient: string | undefined;
  forceRefresh: boolean;
  replacement?: ReplacementAllowance;
}
const CALL: Call = {
  imdsBase: 'http://169.254.169.254',
  identity: { kind: 'client_id', id: 'x' },
  attested: false,
  strength: 3,
  minStrength: 3,
  capabilities: ['cp1'],
  x5tS256: 'thumb',
  tenantId: 'tenant',
  resource: 'https://vault.azure.net',
  tokenType: 'mtls_pop',
  claims: undefined,
  claimsFromClient: undefined,
  forceRefresh: false,
};

function keysOf(call: Call) {
  const request: TokenRequest = { ...call, scope: '', correlationId: '', signal: undefined };
  const owner = ownerKey(call.imdsBase, call.identity);
  const binding = bindingKey(owner, call.attested, call.strength);
  return {
    binding,
    alias: certificateAlias(call.imdsBase, call.identity, call.attested),
    mint: mintFlightKey(owner, call.attested, undefined),
    token: tokenKey(tokenKeyPrefix(binding, call.capabilities), request, call),
    flight: tokenFlightKey(owner, request, call.capabilities),
  };
}

const ALL = ['binding', 'alias', 'mint', 'token', 'flight'] as const;
type Key = (typeof ALL)[number];

test.each<[what: string, change: Partial<Call>, differs: readonly Key[]]>([
  ['nothing', {}, []],
  ['IMDS base', { imdsBase: 'http://localhost:1' }, ALL],
  ['identity', { identity: { kind: 'client_id', id: 'y' } }, ALL],
  ['kind of identity with an equal id', { identity: { kind: 'object_id', id: 'x' } }, ALL],
  ['system-assigned identity', { identity: { kind: 'system', id: '' } }, ALL],
  ['attested', { attested: true }, ALL],
  ['strength of the key', { strength: 1 }, ['binding', 'token']],
  ['floor', { minStrength: 1 }, ['token', 'flight']],
  ['capabilities', { capabilities: ['cp1', 'cp2'] }, ['token', 'flight']],
  ['certificate', { x5tS256: 'other' }, ['token']],
  ['tenant', { tenantId: 'other' }, ['token']],
  ['resource', { resource: 'https://graph.microsoft.com' }, ['token', 'flight']],
  ['type of the token', { tokenType: 'Bearer' }, ['token', 'flight']],
  ['claims of the client', { claimsFromClient: '{"a":1}' }, ['token', 'flight']],
  ['claims of a server', { claims: '{"a":1}' }, ['flight']],
  ['forceRefresh', { forceRefresh: true }, ['flight']],
  ['a certificate that may be replaced', { replacement: { isUsed: false } }, []],
  ['a certificate that was replaced already', { replacement: { isUsed: true } }, ['flight']],
])('%s', (_what, change, differs) => {
  const before = keysOf(CALL);
  const after = keysOf({ ...CALL, ...change });

  expect(ALL.filter((key) => before[key] !== after[key])).toEqual(differs);
});

test('parts cannot run into one another', () => {
  const key = (resource: string, claimsFromClient: string | undefined) =>
    keysOf({ ...CALL, resource, claimsFromClient }).token;

  expect(key('https://a', 'b')).not.toBe(key('https://ab', undefined));
  const flight = (claims: string | undefined, claimsFromClient: string | undefined) =>
    keysOf({ ...CALL, claims, claimsFromClient }).flight;
  expect(flight('{"a":1}', undefined)).not.toBe(flight(undefined, '{"a":1}'));
  const capable = (capabilities: string[]) => keysOf({ ...CALL, capabilities }).token;
  expect(capable(['a', 'b'])).not.toBe(capable(['a,b']));
  expect(capable(['a","b'])).not.toBe(capable(['a', 'b']));
});

test('a re-mint is another flight for each certificate that was refused', () => {
  expect(mintFlightKey('o', false, 'a')).not.toBe(mintFlightKey('o', false, 'b'));
  expect(mintFlightKey('o', false, 'a')).not.toBe(mintFlightKey('o', false, undefined));
});

const binding = (x5tS256: string) => ({ tenantId: 'tenant', certificate: { x5tS256 } }) as Binding;
const request = (overrides: Partial<TokenRequest>) =>
  ({
    resource: 'https://a',
    tokenType: 'mtls_pop',
    claimsFromClient: undefined,
    minStrength: MtlsBindingStrength.KeyGuard,
    ...overrides,
  }) as TokenRequest;

test('a key that is kept is the key that would be built, for every combination, in any order', () => {
  const combinations = [binding('one'), binding('two')].flatMap((bound) => {
    const keys = new TokenKeys('prefix\0', bound, new TokenCache());
    return [MtlsBindingStrength.Software, MtlsBindingStrength.KeyGuard].flatMap((minStrength) =>
      ['https://a', 'https://b'].flatMap((resource) =>
        [undefined, '{"access_token":{}}'].flatMap((claimsFromClient) =>
          (['mtls_pop', 'Bearer'] as const).map((tokenType) => ({
            bound,
            keys,
            asked: request({ minStrength, resource, claimsFromClient, tokenType }),
          })),
        ),
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
