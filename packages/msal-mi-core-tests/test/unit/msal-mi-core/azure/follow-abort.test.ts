/** A time limit of the Azure SDK, which takes any number for one (D37). */
import { followAbort } from 'core/azure/follow-abort.js';

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test.each([2 ** 31, 1e300, Infinity, NaN, 0, -1, undefined])('%p ms are not a limit', (timeoutMs) => {
  const before = timers();
  const followed = followAbort(undefined, timeoutMs);
  expect(timers()).toBe(before);
  followed.release();
});

test.each([1, 1_000, 2 ** 31 - 1])('%p ms are one, until it is let go of', (timeoutMs) => {
  const before = timers();
  const followed = followAbort(undefined, timeoutMs);
  expect(timers()).toBe(before + 1);
  followed.endTimer();
  expect(timers()).toBe(before);
});
