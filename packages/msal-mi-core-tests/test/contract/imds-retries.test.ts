/** Retries of the IMDS legs on the wire, on a clock that does not make anybody wait (D11). */
import { GOOD_METADATA, ImdsOnTheWire, type Answer } from './support/imds.js';

const imds = new ImdsOnTheWire();
beforeAll(() => imds.listen());
beforeEach(() => imds.reset());
afterAll(() => imds.close());

const GOOD: Answer = { body: GOOD_METADATA };
const times = (count: number, answer: Answer): Answer[] => Array<Answer>(count).fill(answer);
const waitedS = () => imds.clock.slept.map((ms) => ms / 1_000);
const REACHED_THE_NEXT_LEG = { stage: 'issuecredential', httpStatus: 400 };

test('H01: two 404 and an answer are three requests', async () => {
  imds.metadata = [...times(2, { status: 404 }), GOOD];

  expect(await imds.acquire()).toMatchObject(REACHED_THE_NEXT_LEG);
  expect(imds.count('metadata')).toBe(3);
});

test('H02: four 410 and an answer are five requests, ten seconds apart', async () => {
  imds.metadata = [...times(4, { status: 410 }), GOOD];

  expect(await imds.acquire()).toMatchObject(REACHED_THE_NEXT_LEG);
  expect(imds.count('metadata')).toBe(5);
  expect(waitedS()).toEqual([10, 10, 10, 10]);
});

test('H03: 410 for ever is given up after eight requests', async () => {
  imds.metadata = [{ status: 410 }];

  expect(await imds.acquire()).toMatchObject({ stage: 'metadata', httpStatus: 410, retryable: true });
  expect(imds.count('metadata')).toBe(8);
});

test('H04, H12: 504 for ever is given up after four requests; the waits double', async () => {
  imds.metadata = [{ status: 504 }];

  expect(await imds.acquire()).toMatchObject({ stage: 'metadata', httpStatus: 504 });
  expect(imds.count('metadata')).toBe(4);
  expect(waitedS()).toEqual([1, 2, 4]);
});

test('H05: 400 is final', async () => {
  imds.metadata = [{ status: 400 }];
  await imds.acquire();

  expect(imds.count('metadata')).toBe(1);
});

test('H06: with retries switched off every leg is asked once', async () => {
  imds.metadata = [{ status: 500 }];
  await imds.acquire({ system: { disableInternalRetries: true } });
  expect(imds.count('metadata')).toBe(1);

  imds.reset();
  imds.credential = [{ status: 410 }];
  await imds.acquire({ system: { disableInternalRetries: true } });
  expect([imds.count('metadata'), imds.count('issuecredential')]).toEqual([1, 1]);
  expect(waitedS()).toEqual([]);
});

test('H07: each leg and each call counts for itself', async () => {
  imds.metadata = [...times(3, { status: 504 }), GOOD, ...times(3, { status: 504 }), GOOD];
  imds.credential = [...times(3, { status: 504 }), { status: 400 }, ...times(3, { status: 504 }), { status: 400 }];
  await imds.acquire();
  expect([imds.count('metadata'), imds.count('issuecredential')]).toEqual([4, 4]);

  await imds.acquire();
  expect([imds.count('metadata'), imds.count('issuecredential')]).toEqual([8, 8]);
});

test('H10: server errors that nobody uses are retried too', async () => {
  for (const status of [501, 505, 599]) {
    imds.reset();
    imds.metadata = [{ status }, GOOD];
    await imds.acquire();

    expect(imds.count('metadata')).toBe(2);
  }
});

test('H11: 401, 403 and 405 are final', async () => {
  for (const status of [401, 403, 405]) {
    imds.reset();
    imds.metadata = [{ status }];

    expect(await imds.acquire()).toMatchObject({ httpStatus: status, retryable: false });
    expect(imds.count('metadata')).toBe(1);
  }
});

test('a redirect is an answer like any other: it is not followed', async () => {
  imds.metadata = [{ status: 302, headers: { Location: 'http://169.254.169.254/metadata/identity/elsewhere' } }];

  expect(await imds.acquire()).toMatchObject({ errorCode: 'managed_identity_request_failed', httpStatus: 302 });
  expect(imds.requests).toHaveLength(1);
});
