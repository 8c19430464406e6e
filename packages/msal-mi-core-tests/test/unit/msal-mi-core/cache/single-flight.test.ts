/** Equal work runs once; who leaves takes nobody with him (D10, D27). */
import { SingleFlight } from 'core/cache/single-flight.js';

/** Work that ends when it is told to, and its signals, one per start. */
function controllable() {
  const signals: AbortSignal[] = [];
  let finish: (value: string) => void = () => undefined;
  const start = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<string>((resolve) => (finish = resolve));
  };
  return { signals, start, finish: (value: string) => finish(value) };
}

test('callers with one key share one run and its outcome; the next call runs again', async () => {
  const flights = new SingleFlight();
  const { signals, start, finish } = controllable();
  const calls = [1, 2, 3].map(() => flights.run('k', undefined, start));
  const other = flights.run('other', undefined, () => Promise.resolve('other'));
  expect(flights.has('k')).toBe(true);
  finish('one');

  expect(await Promise.all([...calls, other])).toEqual(['one', 'one', 'one', 'other']);
  expect(flights.has('k')).toBe(false);
  await expect(flights.run('k', undefined, () => Promise.resolve('two'))).resolves.toBe('two');
  expect(signals).toHaveLength(1);
});

test('a failure reaches all who wait, and is not kept', async () => {
  const flights = new SingleFlight();
  const failure = new Error('failed');
  const fail = () => Promise.reject(failure);
  const outcomes = await Promise.allSettled([1, 2].map(() => flights.run('k', undefined, fail)));

  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason === failure)).toEqual([true, true]);
  await expect(flights.run('k', undefined, () => Promise.resolve('next'))).resolves.toBe('next');
});

test('one who leaves gets his reason at once; the work goes on for the others', async () => {
  const flights = new SingleFlight();
  const { signals, start, finish } = controllable();
  const controller = new AbortController();
  const reason = new Error('the caller left');
  const leaving = flights.run('k', controller.signal, start);
  const staying = flights.run('k', undefined, start);
  controller.abort(reason);

  await expect(leaving).rejects.toBe(reason);
  expect(signals.map((signal) => signal.aborted)).toEqual([false]);
  finish('done');
  await expect(staying).resolves.toBe('done');
});

test('when the last one leaves the work is aborted, and a later call starts anew', async () => {
  const flights = new SingleFlight();
  const { signals, start } = controllable();
  const controllers = [new AbortController(), new AbortController()];
  const calls = controllers.map(({ signal }) => flights.run('k', signal, start));
  const reason = new Error('the caller left');
  controllers.forEach((controller) => controller.abort(reason));
  await Promise.allSettled(calls);

  expect(signals.map((signal) => signal.aborted)).toEqual([true]);
  await expect(flights.run('k', undefined, () => Promise.resolve('new'))).resolves.toBe('new');
});

test('a signal that is aborted already starts nothing', async () => {
  const { signals, start } = controllable();
  const reason = new Error('the caller left');

  await expect(new SingleFlight().run('k', AbortSignal.abort(reason), start)).rejects.toBe(reason);
  expect(signals).toEqual([]);
});
