/** Keeps secrets out of everything people read. */
import { hideEchoes } from './secret-echoes.js';

const MAX_LENGTH = 800;
/** What is looked at. Cut before and not after: nothing that somebody sends takes longer for being longer. */
const MAX_SCANNED_LENGTH = 16 * MAX_LENGTH;
const MASK = '<redacted>';

const PEM_BEGIN = '-----BEGIN ';
const PEM_END = '-----END ';
const DASHES = '-----';
/** Of letters, digits and what stands between them in tokens, paths and host names. */
const WORD = /[\w+/.-]{8,}={0,2}/g;
const TOKEN_START = 'eyJ';
const TOKEN_HEADER = /eyJ[\w-]*/g;
const SHORTEST_TOKEN_HEADER = 7;
const GUID = /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/gi;
const LONGEST_PLAIN = 63;
const LONGEST_NAME = 24;
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu;

/**
 * Makes foreign text fit for a message: every value of `secrets`, whole, in pieces of 16 characters or more, and as Base64,
 * and everything that looks like a token, a certificate or a key, is masked; GUIDs, paths and host names stay; control
 * characters go; the length is bounded. Takes time in proportion to the length of what is looked at.
 */
export function redact(text: string, secrets: Iterable<string> = []): string {
  const scanned = text.slice(0, MAX_SCANNED_LENGTH);
  const hidden = new Uint8Array(scanned.length);
  const hide = (from: number, to: number): void => void hidden.fill(1, from, to);
  hidePem(scanned, hide);
  hideTokens(scanned, hide);
  hideEchoes(scanned, secrets, hide);
  const safe = masked(scanned, hidden).replace(CONTROL, ' ').trim();
  return safe.length > MAX_LENGTH ? `${safe.slice(0, MAX_LENGTH)}…` : safe;
}

/** Every string inside a JSON text, and the text itself: what must not be repeated when a service echoes claims. */
export function stringsInJson(json: string): string[] {
  const found = [json];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') found.push(value);
    else if (Array.isArray(value)) value.forEach(collect);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) {
        found.push(name);
        collect(member);
      }
    }
  };
  try {
    collect(JSON.parse(json));
  } catch {
    // Not JSON: the text itself is all there is.
  }
  return found.sort((a, b) => b.length - a.length);
}

/** What may be said of an error that was not made here: its name and its code, never its message. */
export function summarizeForeignError(error: unknown): string {
  try {
    if (!(error instanceof Error)) return typeof error;
    const { code, name } = error as { readonly code?: unknown; readonly name: unknown };
    if (typeof code === 'string' && /^\w{1,64}$/.test(code)) return code;
    return typeof name === 'string' ? name.slice(0, 64) : 'Error';
  } catch {
    return 'an error that cannot be read';
  }
}

type Hide = (from: number, to: number) => void;

/** To the end of the text when the end of the block is missing. */
function hidePem(text: string, hide: Hide): void {
  for (let start = text.indexOf(PEM_BEGIN); start >= 0; start = text.indexOf(PEM_BEGIN, start)) {
    const end = text.indexOf(PEM_END, start);
    const dashes = end < 0 ? -1 : text.indexOf(DASHES, end + PEM_END.length);
    const after = dashes < 0 ? text.length : dashes + DASHES.length;
    hide(start, after);
    start = after;
  }
}

function hideTokens(text: string, hide: Hide): void {
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (word.includes(TOKEN_START)) hideJwt(word, index, hide);
    if (word.length > LONGEST_PLAIN) hideLongValues(word, index, hide);
  }
}

/** A JWS or JWE, also without its end: from its header to the end of the word. */
function hideJwt(word: string, offset: number, hide: Hide): void {
  for (const { 0: header, index } of word.matchAll(TOKEN_HEADER)) {
    if (header.length < SHORTEST_TOKEN_HEADER || word[index + header.length] !== '.') continue;
    hide(offset + index, offset + word.length);
    return;
  }
}

function hideLongValues(word: string, offset: number, hide: Hide): void {
  let start = offset;
  for (const part of word.split('.')) {
    if (part.length > LONGEST_PLAIN && !isReadable(part)) hide(start, start + part.length);
    start += part.length + 1;
  }
}

/** A path, or words with dashes between them, and not Base64. */
function isReadable(text: string): boolean {
  const segments = text.replace(GUID, '').split('/');
  const isPath = segments.length > 1 && segments.some((segment) => /^[a-z]{3,}$/i.test(segment));
  return segments.every((segment) => (isPath && segment.length <= LONGEST_NAME) || isWords(segment));
}

function isWords(text: string): boolean {
  return text.split(/[-_]/).every((word) => word.length <= LONGEST_NAME && isWord(word));
}

/** In what is random every other character is of another kind than the one before it. */
function isWord(text: string): boolean {
  let changes = 0;
  for (let i = 1; i < text.length; i += 1) if (kindOf(text, i) !== kindOf(text, i - 1)) changes += 1;
  return changes <= text.length / 3;
}

function kindOf(text: string, index: number): 'digit' | 'upper' | 'lower' {
  const character = text[index] ?? '';
  if (character >= '0' && character <= '9') return 'digit';
  return character >= 'A' && character <= 'Z' ? 'upper' : 'lower';
}

function masked(text: string, hidden: Uint8Array): string {
  let result = '';
  for (let at = 0; at < text.length;) {
    const isHidden = hidden[at] === 1;
    const next = hidden.indexOf(isHidden ? 0 : 1, at);
    const end = next < 0 ? text.length : next;
    result += isHidden ? MASK : text.slice(at, end);
    at = end;
  }
  return result;
}
