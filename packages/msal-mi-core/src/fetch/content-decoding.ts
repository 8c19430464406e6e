import { pipeline, Readable, type Duplex } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';

/** What is asked for when the caller leaves `accept-encoding` open. */
export const ACCEPTED_CODINGS = 'gzip, deflate, br';

const MAX_CODINGS = 5;

const DECODERS: Readonly<Record<string, (firstByte: number) => Duplex>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  // Servers call both the zlib format (RFC 1950) and bare deflate data (RFC 1951) by this name.
  deflate: (firstByte) => ((firstByte & 0x0f) === 0x08 ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
};

/**
 * The content behind a `content-encoding` header, decoded as it is read: at no time more than some chunks are held.
 * With a coding that is not known here the content stays as it came, as `fetch` does.
 */
export function decodeContent(
  content: AsyncIterable<Uint8Array>,
  contentEncoding: string | null,
): AsyncIterable<Uint8Array> {
  if (contentEncoding === null) return content;
  const codings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > MAX_CODINGS || !codings.every((coding) => Object.hasOwn(DECODERS, coding))) return content;
  return codings.reduceRight((encoded, coding) => decode(encoded, DECODERS[coding]!), content);
}

async function* decode(
  encoded: AsyncIterable<Uint8Array>,
  createDecoder: (firstByte: number) => Duplex,
): AsyncGenerator<Uint8Array> {
  const chunks = encoded[Symbol.asyncIterator]();
  let first = await chunks.next();
  while (first.done !== true && first.value.byteLength === 0) first = await chunks.next();
  // An empty body is empty in every coding.
  if (first.done === true) return;
  const start = first.value;
  const decoder = createDecoder(start[0]!);
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield start;
    yield* { [Symbol.asyncIterator]: () => chunks };
  };
  // The callback is needed for errors to travel along the pipeline; whoever reads the decoder sees them.
  pipeline(Readable.from(all()), decoder, () => undefined);
  yield* decoder as AsyncIterable<Uint8Array>;
}
