import { createCorrelationId } from 'core/options/correlation-id.js';

test('correlation ids are UUIDs, and no two calls get the same', () => {
  const ids = Array.from({ length: 100_000 }, createCorrelationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toEqual(
    [],
  );
});
