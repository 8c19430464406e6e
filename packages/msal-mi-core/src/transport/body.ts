/** No answer of IMDS or Entra ID is larger than a few kilobytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** An answer was larger than anything the protocol knows. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
  constructor() {
    super('The answer is larger than 1 MiB.');
  }
}

/** Reads a whole body as UTF-8 text; stops reading when it is larger than 1 MiB. */
export async function readBody(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new BodyTooLargeError();
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}
