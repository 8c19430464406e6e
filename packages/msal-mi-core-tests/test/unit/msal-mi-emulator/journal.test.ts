import { Journal } from 'emulator/journal.js';

const entry = {
  at: 0,
  leg: 'imds',
  server: 'imds',
  method: 'GET',
  url: '/',
  status: 200,
  headers: {},
  durationMs: 1,
  responseHeaders: {},
} as const;

test('of many small entries a journal keeps the newest ten thousand, and numbers on', () => {
  const journal = new Journal();
  for (let recorded = 0; recorded < 10_005; recorded += 1) journal.record(entry);
  const kept = journal.snapshot();
  expect([kept.length, kept[0]?.id, kept.at(-1)?.id]).toEqual([10_000, 6, 10_005]);
});
