/** Values that look like one thing and behave like another, and what may leave a public function that meets them (D29). */
import { types } from 'node:util';
import fc, { type Arbitrary } from 'fast-check';
import { isMsalMiError } from 'core/errors.js';
import { VAULT } from './world.js';

export const RUNS = Number(
  process.env['MSAL_MI_PROPERTY_RUNS'] ?? (process.env['MSAL_MI_TESTS'] === 'quick' ? 15 : 100),
);
/** The same values each time, so that no change fails by chance. The night, which names a number, draws others. */
const SEED = process.env['MSAL_MI_PROPERTY_RUNS'] === undefined ? 1 : undefined;
const PATIENCE_MS = 20_000;
export const DEEP = 20_000;

export const thrower = (): never => {
  throw new RangeError('theirs');
};
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const THROWING_PROXY = { get: thrower, has: thrower, ownKeys: thrower, getPrototypeOf: thrower };
const CYCLE: { self?: unknown } = {};
CYCLE.self = CYCLE;

/** How to make a value: fast-check looks at what it generates, and some of these values cannot be looked at. */
type Recipe<T = unknown> = (() => T) & { readonly isRecipe: true };

function recipe<T>(name: string, make: () => T): Recipe<T> {
  return Object.assign(() => make(), { isRecipe: true as const, [fc.toStringMethod]: () => name });
}

const unwrap = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unwrap);
  return typeof value === 'function' && 'isRecipe' in value ? (value as Recipe)() : value;
};

const PRIMITIVES: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  NaN,
  Infinity,
  2 ** 53,
  10n,
  Symbol('a'),
];
const TEXTS = ['', ' ', '\0', '\ud800', 'a\r\nb: c', '{', '{}', '__proto__', 'https://a@b', 'https://localhost:1/'];
const LONG = ['x'.repeat(300_000), '('.repeat(DEEP), `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`];
class Sly extends Error {
  override get message(): string {
    return thrower();
  }
}
/** Things that look like one thing and behave like another. */
const OBJECTS: Readonly<Record<string, () => unknown>> = {
  'an empty object': () => ({}),
  'an empty array': () => [],
  'a mixed array': () => [undefined, null, thrower, {}],
  'an object without prototype': () => Object.create(null) as unknown,
  'a revoked proxy': revoked,
  'a proxy that throws': () => new Proxy({}, THROWING_PROXY),
  'an array that throws': () => new Proxy([], { get: thrower }),
  'a function that throws': () => thrower,
  'a function that cannot be called': () => new Proxy(thrower, { get: thrower, apply: thrower }),
  'a function': () => () => undefined,
  'a function that rejects': () => () => Promise.reject(new RangeError('theirs')),
  'what is not text': () => ({ toString: thrower, valueOf: thrower, toJSON: thrower, [Symbol.toPrimitive]: thrower }),
  'a promise that throws': () => ({ then: thrower }),
  'a promise of a revoked proxy': () => ({ then: (resolve: (value: unknown) => void) => resolve(revoked()) }),
  'what cannot be iterated': () => ({ [Symbol.iterator]: thrower, [Symbol.asyncIterator]: thrower }),
  'an invalid date': () => new Date(NaN),
  'an expression': () => /x/y,
  'a URL': () => new URL('https://localhost:1'),
  'a map': () => new Map([['resource', VAULT]]),
  bytes: () => new Uint8Array(3),
  'a circle': () => CYCLE,
  'a getter that throws': () => Object.defineProperty({}, 'x', { get: thrower, enumerable: true }),
  'an error without message': () => new Sly(),
};

export const character = fc.constantFrom(
  ...Array.from('aB0 "{}[]:,.\\/%=;-_<>'),
  '\0',
  '\r',
  '\n',
  '\t',
  '\u202e',
  '\ud800',
  '\u00e9',
  '\ufeff',
  '\u{1f4a9}',
);

export const hostileValue: Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PRIMITIVES) },
  { weight: 3, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.constantFrom(...LONG.map((text, n) => recipe(`long text ${n}`, () => text))) },
  { weight: 6, arbitrary: fc.constantFrom(...Object.entries(OBJECTS).map(([name, make]) => recipe(name, make))) },
  { weight: 2, arbitrary: fc.string({ unit: character, maxLength: 40 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);

const HOW = ['value', 'getter', 'throws', 'flips', 'absent'] as const;
const SHAPES = ['plain', 'proxy', 'inherits'] as const;

/** Objects that look right but for some of their members. */
export function hostileMembers(good: Readonly<Record<string, unknown>>): Arbitrary<unknown> {
  const name = fc.constantFrom(...Object.keys(good), 'unknown');
  const changes = fc.array(fc.tuple(name, fc.constantFrom(...HOW), hostileValue), { maxLength: 3 });
  const changed = fc
    .tuple(changes, fc.constantFrom(...SHAPES))
    .map(([list, shape]) => recipe(`${shape} ${fc.stringify(list)}`, () => changedObject(good, list, shape)));
  return fc.oneof({ weight: 5, arbitrary: changed }, { weight: 1, arbitrary: hostileValue });
}

function changedObject(
  good: Readonly<Record<string, unknown>>,
  changes: ReadonlyArray<readonly [name: string, how: (typeof HOW)[number], value: unknown]>,
  shape: (typeof SHAPES)[number],
): object {
  const options: Record<string, unknown> = { ...good };
  for (const [name, how, made] of changes) {
    const value = unwrap(made);
    let asked = 0;
    const kinds = {
      value: { value },
      getter: { get: () => value },
      throws: { get: thrower },
      flips: { get: () => ((asked += 1) === 1 ? good[name] : value) },
      absent: { value: undefined },
    };
    Object.defineProperty(options, name, { ...kinds[how], enumerable: true, configurable: true });
  }
  if (shape === 'proxy') return new Proxy(options, {});
  return shape === 'inherits' ? (Object.create(options) as object) : options;
}

interface Allowed {
  readonly signal?: unknown;
  readonly isFetch?: boolean;
  /** What callbacks of the caller throw is thrown as it is. */
  readonly theirs?: boolean;
  readonly isEmulator?: boolean;
}

/** Runs `use` and fails for whatever it ends in that it may not. */
export async function expectOurs(use: () => unknown, allowed: Allowed = {}): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('It neither returned nor threw.')), PATIENCE_MS);
  });
  try {
    await Promise.race([Promise.resolve().then(use), late]);
  } catch (error) {
    const reason = Object(allowed.signal) as { reason?: unknown };
    if (isMsalMiError(error)) {
      expect(error.message).not.toContain('theirs');
      return;
    }
    if (allowed.isFetch === true && isTypeError(error)) return;
    if (
      allowed.isEmulator === true &&
      error instanceof TypeError &&
      !/read only|not a function|undefined/.test(error.message)
    )
      return;
    if (allowed.theirs === true && /^theirs$|has been revoked$/.test((error as Error).message)) return;
    if (allowed.signal instanceof AbortSignal && error === reason.reason) return;
    throw new Error('What was thrown is not ours.', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Those of the platform are of another realm than those of a test. */
const isTypeError = (error: unknown): boolean => types.isNativeError(error) && error.name === 'TypeError';

/** Once for each of `RUNS` values. */
export function property<T>(
  what: string,
  arbitrary: Arbitrary<T>,
  check: (value: T) => Promise<void>,
  runs = RUNS,
): void {
  const made = (value: T) => check(unwrap(value) as T);
  test(
    what,
    async () => {
      await fc.assert(fc.asyncProperty(arbitrary, made), { numRuns: runs, ...(SEED !== undefined && { seed: SEED }) });
    },
    600_000,
  );
}

/** The second call of a function is made whatever the first one ends in. */
export function thrownByFetch(error: unknown): void {
  if (!isMsalMiError(error) && !isTypeError(error)) throw new Error('What was thrown is not ours.', { cause: error });
}

/** For callers of JavaScript, who pass what they like. */
export const untyped = (value: unknown): never => value as never;
