/** HTTP/1.1 header blocks, as WinHTTP takes and gives them. */
import { TransportError } from '../../ports.js';

type HeaderList = ReadonlyArray<readonly [name: string, value: string]>;

/** WinHTTP writes these itself, from the URL and from what is said about the body. */
const FRAMING = new Set(['host', 'content-length', 'transfer-encoding']);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
/** RFC 9110 section 5.5; beyond Latin-1 there is no byte for a character. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @throws TypeError for what could be taken for another header. The message does not repeat values. */
export function formatHeaders(headers: HeaderList): string {
  let block = '';
  for (const [name, value] of headers) {
    if (!TOKEN.test(name)) throw new TypeError('A header name is not a token.');
    if (!FIELD_VALUE.test(value)) throw new TypeError(`The value of header ${name} has a character it must not have.`);
    if (!FRAMING.has(name.toLowerCase())) block += `${name}: ${value}\r\n`;
  }
  return block;
}

/** The declared length of a request body. @throws TypeError when it is not a number. */
export function declaredLength(headers: HeaderList): number | undefined {
  const value = headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1];
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new TypeError('The content-length header is not a number.');
  return Number(value);
}

/** Status line and header lines. @throws TransportError `invalid_response`. */
export function parseRawHeaders(raw: string): { statusText: string; headers: HeaderList } {
  const [statusLine = '', ...lines] = raw.split('\r\n');
  const status = /^HTTP\/\d(?:\.\d)? \d{3}(?: (.*))?$/.exec(statusLine);
  if (status === null) throw new TransportError('invalid_response', 'ERR_INVALID_RESPONSE', 'The answer was not HTTP.');
  const headers: Array<readonly [string, string]> = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return { statusText: status[1] ?? '', headers };
}
