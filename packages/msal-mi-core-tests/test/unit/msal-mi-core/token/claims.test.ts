/** What is sent as the claims parameter (D20). */
import { mergeClaims } from 'core/token/claims.js';

const merge = (parts: Partial<Parameters<typeof mergeClaims>[0]>) =>
  mergeClaims({ claims: undefined, claimsFromClient: undefined, capabilities: [], ...parts });
const CP1 = { access_token: { xms_cc: { values: ['cp1'] } } };

test('J11: nothing in, nothing out', () => {
  expect(merge({})).toBeUndefined();
});

test('J07: capabilities alone become xms_cc', () => {
  expect(merge({ capabilities: ['cp1'] })).toBe('{"access_token":{"xms_cc":{"values":["cp1"]}}}');
});

test.each(['claims', 'claimsFromClient'] as const)('J09: %s alone go verbatim, white space included', (name) => {
  expect(merge({ [name]: ' { "access_token" : { "nbf" : null } } ' })).toBe(' { "access_token" : { "nbf" : null } } ');
});

test('J08: capabilities, claims and claimsFromClient are merged at every depth', () => {
  const merged = merge({
    claims: '{"access_token":{"nbf":{"essential":true,"value":"1"}},"id_token":{"a":1}}',
    claimsFromClient: '{"access_token":{"nbf":{"value":"2"},"other":[1,2]}}',
    capabilities: ['cp1'],
  });

  expect(JSON.parse(merged!)).toEqual({
    access_token: { nbf: { essential: true, value: '2' }, other: [1, 2], ...CP1.access_token },
    id_token: { a: 1 },
  });
});

test('the capabilities of the application win over an xms_cc in the claims', () => {
  const claims = '{"access_token":{"xms_cc":{"values":["other"],"essential":true}}}';

  expect(JSON.parse(merge({ claims, capabilities: ['cp1'] })!)).toEqual({
    access_token: { xms_cc: { values: ['cp1'], essential: true } },
  });
});

test('members called __proto__ and constructor are data like any other', () => {
  const claims = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
  const merged = merge({ claims, claimsFromClient: '{"__proto__":{"more":2}}' });

  expect(merged).toBe('{"__proto__":{"polluted":1,"more":2},"constructor":{"prototype":{"polluted":1}}}');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
