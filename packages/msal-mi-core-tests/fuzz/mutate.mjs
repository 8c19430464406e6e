/** Inputs that nobody would write, from inputs that somebody might. The same seed makes the same ones. */

/** Mulberry32. */
export function createRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  return { below, of: (values) => values[below(values.length)], isTrue: (probability) => next() < probability };
}

const TEXTS = [
  '', ' ', '\0', '\r\n', '\r\nX-Injected: 1', '"', '\\', '\ud800', '\u202e', 'é', '../..', '%00', '%', '=', ',', ';', '|', ':',
  '__proto__', 'constructor', 'prototype', 'toString', 'https://', 'http://[', 'https://a@b', 'javascript:0', '-----BEGIN',
  '0', '-1', '1e400', '9007199254740993', 'NaN', 'AADSTS1000901:', 'A'.repeat(5_000), '('.repeat(500), '"\\'.repeat(400), ' ,'.repeat(800),
]; // prettier-ignore
const VALUES = [
  null, true, false, 0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER, '', ' ', '0', 'true', [], {}, [null], [[]], ['a', 1], { a: null },
  JSON.parse('{"__proto__":{"polluted":true}}'), JSON.parse('{"constructor":{"prototype":{"polluted":true}}}'),
]; // prettier-ignore
const DEEPEST = 3_000;

/** Changes `text` in up to four places; text that is JSON is sometimes changed as what it means. */
export function mutateText(random, text) {
  if (random.isTrue(0.02)) return text;
  if (random.isTrue(0.03)) return '['.repeat(DEEPEST) + text + ']'.repeat(random.below(2) * DEEPEST);
  let mutated = random.isTrue(0.5) ? mutateJson(random, text) : text;
  for (let times = random.below(4); times > 0; times -= 1) {
    const at = random.below(mutated.length + 1);
    const to = Math.min(mutated.length, at + 1 + random.below(random.isTrue(0.2) ? mutated.length + 1 : 8));
    const inserted = random.of([
      () => '',
      () => random.of(TEXTS),
      () => String.fromCharCode(random.below(random.isTrue(0.8) ? 128 : 0x1_0000)),
      () => mutated.slice(at, to).repeat(1 + random.below(4)),
      () => text.slice(random.below(text.length + 1)),
    ])();
    mutated = mutated.slice(0, at) + inserted + mutated.slice(random.isTrue(0.6) ? to : at);
  }
  return mutated;
}

/** Changes bits and runs of bytes. */
export function mutateBytes(random, bytes) {
  let mutated = Buffer.from(bytes);
  for (let times = random.below(5); times > 0; times -= 1) {
    const at = random.below(mutated.length + 1);
    const to = Math.min(mutated.length, at + 1 + random.below(16));
    const inserted = random.of([
      () => Buffer.alloc(0),
      () => Buffer.from([random.below(256)]),
      () => Buffer.alloc(1 + random.below(64), random.of([0, 0x30, 0x7f, 0x80, 0xff])),
      () => mutated.subarray(at, to),
      () => bytes.subarray(random.below(bytes.length + 1)),
    ])();
    mutated = Buffer.concat([mutated.subarray(0, at), inserted, mutated.subarray(random.isTrue(0.7) ? to : at)]);
  }
  return mutated;
}

function mutateJson(random, text) {
  try {
    return JSON.stringify(mutateValue(random, JSON.parse(text))) ?? '';
  } catch {
    return text; // It holds no JSON, or such that is nested too deeply to be copied.
  }
}

function mutateValue(random, value) {
  const isBranch = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!isBranch || random.isTrue(0.1)) return random.of([...VALUES, value, random.of(TEXTS)]);
  const name = random.of(Object.keys(value));
  const copy = structuredClone(value);
  if (random.isTrue(0.1)) delete copy[name];
  else define(copy, random.isTrue(0.1) ? random.of(TEXTS) : name, mutateValue(random, value[name]));
  return copy;
}

/** `__proto__` is a name like any other. */
function define(target, name, value) {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
