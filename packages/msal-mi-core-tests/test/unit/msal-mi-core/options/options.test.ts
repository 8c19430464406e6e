/** Options of token requests, checked before any I/O (D20). */
import { createCorrelationId, parseClaimsOption } from 'core/options/options.js';

test.each(['no json', '[]', 'null', '"text"', '1', '{"a":', '{"secretvalue'])(
  'claims that are no JSON object are refused without repeating them: %s',
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
