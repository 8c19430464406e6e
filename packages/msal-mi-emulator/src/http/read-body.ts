import type { IncomingMessage } from 'node:http';

const MOST_BYTES = 1024 * 1024;
/** A client that is still sending gets its 413 after so much; before, closing would reset the connection and lose the answer. */
const MOST_DISCARDED_BYTES = 16 * 1024 * 1024;

/**
 * Reads a request to its end.
 * @param mostBytes longest body that is kept; default 1 MiB
 */
export async function readBody(
  request: IncomingMessage,
  mostBytes = MOST_BYTES,
): Promise<Buffer | 'too-large' | 'aborted'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= mostBytes) chunks.push(chunk);
      else if (length > mostBytes + MOST_DISCARDED_BYTES) resolve('too-large');
    });
    request.once('end', () => resolve(length > mostBytes ? 'too-large' : Buffer.concat(chunks)));
    request.once('close', () => resolve('aborted'));
    request.once('error', () => resolve('aborted'));
  });
}
