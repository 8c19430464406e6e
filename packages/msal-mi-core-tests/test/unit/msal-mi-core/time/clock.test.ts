/** What the clock of the machine tells of a wall clock that is set (D35). */
import { systemClock } from 'core/time/clock.js';

let wallMs = 1_800_000_000_000;
let elapsedMs = 0;
const realDate = Object.getOwnPropertyDescriptor(Date, 'now')!;
beforeAll(() => {
  Object.defineProperty(Date, 'now', { ...realDate, value: () => wallMs });
  Object.defineProperty(performance, 'now', { configurable: true, value: () => elapsedMs }); // over the prototype's
});
afterAll(() => {
  Object.defineProperty(Date, 'now', realDate);
  Reflect.deleteProperty(performance, 'now');
});

function pass(durationMs: number, wallStepMs = 0): number {
  elapsedMs += durationMs;
  wallMs += durationMs + wallStepMs;
  return systemClock.setBackMs(systemClock.now());
}

test('a copy of the library that is loaded after a step knows of it: it finds tokens that were kept before', async () => {
  const before = pass(0);
  pass(60_000, -3_600_000);
  await (import.meta as { jest: typeof jest }).jest.isolateModulesAsync(async () => {
    const { systemClock: ofOtherCopy } = await import('core/time/clock.js');
    expect(ofOtherCopy).not.toBe(systemClock);
    expect(ofOtherCopy.setBackMs(Date.now()) - before).toBe(3_600_000);
  });
});

test('steps back add up, steps forward and small differences do not', () => {
  const before = pass(0);
  expect(pass(60_000) - before).toBe(0);
  expect(pass(60_000, -999) - before).toBe(0);
  expect(pass(60_000, 999) - before).toBe(0);
  expect(pass(60_000, -6 * 3_600_000) - before).toBe(6 * 3_600_000);
  expect(pass(60_000, 3_600_000) - before).toBe(6 * 3_600_000);
  expect(pass(60_000, -3_600_000) - before).toBe(7 * 3_600_000);
});
