import type { IncomingMessage } from 'node:http';

const MOST_BYTES = 1024 * 1024;
/** A client that is still sending gets its 413 after so much; before, closing would reset the connection and lose the answer. */
const MOST_DISCARDED_BYTES = 16 * 1024 * 1024;

/** Reads a request to its end, keeping at most 1 MiB. */
export async function readBody(request: IncomingMessage): Promise<Buffer | 'too-large' | 'aborted'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MOST_BYTES) chunks.push(chunk);
      else if (length > MOST_DISCARDED_BYTES) resolve('too-large');
    });
    request.once('end', () => resolve(length > MOST_BYTES ? 'too-large' : Buffer.concat(chunks)));
    request.once('close', () => resolve('aborted'));
    request.once('error', () => resolve('aborted'));
  });
}
