/** Options of token requests, checked before any I/O (D20). */
import {
  createCorrelationId,
  invalidRequest,
  parseClaimsOption,
  parseOptions,
  readMembers,
} from 'core/options/options.js';
import { errorWith } from 'support/errors.js';

test.each(['no json', '[]', 'null', '"text"', '1', '{"a":', '{"secretvalue'])(
  'claims that are not a JSON object are refused without repeating them: %s',
  (text) => {
    const refusal = (() => {
      try {
        parseClaimsOption('claims', text);
      } catch (error) {
        return error as Error;
      }
      return undefined;
    })();

    expect(refusal).toMatchObject({
      errorCode: 'invalid_json_claims_format',
      errorMessage: 'claims is not a JSON object.',
    });
    expect(refusal?.cause).toBeUndefined();
    expect(refusal?.message).not.toContain('secretvalue');
  },
);

test('correlation ids are UUIDs, and no two calls get the same', () => {
  const ids = Array.from({ length: 100_000 }, createCorrelationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toEqual(
    [],
  );
});

test('claims that are nested so deeply that they could not be written again are refused', () => {
  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  expect(parseClaimsOption('claims', nested(100))).toBe(nested(100));
  for (const claims of [nested(101), nested(100_000), `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`]) {
    expect(() => parseClaimsOption('claims', claims)).toThrow(errorWith({ errorCode: 'invalid_json_claims_format' }));
  }
});

describe('members are read once', () => {
  test('what a getter answers the second time does not matter', () => {
    let answers = 0;
    const options = { get floor() { return (answers += 1); } }; // prettier-ignore
    const members = parseOptions('a method', options, new Set(['floor', 'other']));
    expect([members['floor'], members['floor'], members['other'], answers]).toEqual([1, 1, undefined, 1]);
  });

  test('members of a class count, a setter on Object.prototype is not called', () => {
    class Base {
      get floor() {
        return 3;
      }
    }
    let calls = 0;
    Object.defineProperty(Object.prototype, 'floor', { configurable: true, set: () => (calls += 1) });
    try {
      expect(readMembers(new Base(), ['floor'], invalidRequest)['floor']).toBe(3);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'floor');
    }
    expect(calls).toBe(0);
  });

  const thrower = () => {
    throw new Error('theirs');
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  test.each<[string, object]>([
    ['a getter that throws', Object.defineProperty({}, 'floor', { get: thrower, enumerable: true })],
    ['a proxy that lists nothing', new Proxy({}, { ownKeys: thrower })],
    ['a proxy without members', new Proxy({}, { get: thrower })],
    ['a revoked proxy', revoked.proxy],
  ])('%s is a bad option', (_what, options) => {
    expect(() => parseOptions('a method', options, new Set(['floor']))).toThrow(
      errorWith({ errorCode: 'invalid_request', message: expect.not.stringContaining('theirs') as string }),
    );
  });
});
