import { Readable, Transform } from 'node:stream';
import { createHttpHeaders, RestError, type PipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline';
import type { FollowedAbort } from './follow-abort.js';

/** Those that the SDK follows. */
const REDIRECT_STATUSES = new Set([300, 301, 302, 303, 307, 308]);
/** A redirect says what it has to say in its head: content without end must not keep whoever follows it. */
const LONGEST_REDIRECT_BYTES = 64 * 1024;

/**
 * A response of `fetch` as the SDK's pipeline takes it: a stream for the statuses that the request names, else text. A
 * redirect to another origin loses its Location: the pipeline would go there with a token (D30).
 *
 * @param abort - Released when the body has been read to its end; its timer ends with the headers of a stream.
 */
export async function toPipelineResponse(
  request: PipelineRequest,
  response: Response,
  abort: FollowedAbort,
): Promise<PipelineResponse> {
  const headers = createHttpHeaders();
  for (const [name, value] of response.headers) headers.set(name, value);
  if (leadsElsewhere(request, response)) headers.delete('location');
  const answer: PipelineResponse = { request, status: response.status, headers };

  const statuses = request.streamResponseStatusCodes;
  const isStreamed = statuses !== undefined && (statuses.has(response.status) || statuses.has(Infinity));
  if (!isStreamed) {
    answer.bodyAsText = await readText(request, response, abort);
    return answer;
  }
  abort.endTimer();
  const body = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body);
  body.once('close', () => abort.release());
  answer.readableStreamBody = request.onDownloadProgress ? reporting(body, request.onDownloadProgress) : body;
  return answer;
}

function leadsElsewhere({ url }: PipelineRequest, { status, headers }: Response): boolean {
  const location = headers.get('location');
  if (location === null || !REDIRECT_STATUSES.has(status) || !URL.canParse(location, url)) return false;
  return new URL(location, url).origin !== new URL(url).origin;
}

async function readText(request: PipelineRequest, response: Response, abort: FollowedAbort): Promise<string> {
  const report = request.onDownloadProgress;
  const isRedirect = REDIRECT_STATUSES.has(response.status);
  try {
    if ((report === undefined && !isRedirect) || response.body === null) return await response.text();
    const chunks: Uint8Array[] = [];
    let loadedBytes = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      loadedBytes += chunk.byteLength;
      report?.({ loadedBytes });
      if (isRedirect && loadedBytes > LONGEST_REDIRECT_BYTES) break;
    }
    return Buffer.concat(chunks).toString();
  } catch (error) {
    if (abort.signal.aborted) throw abort.signal.reason;
    throw Object.assign(new RestError('The response ended early.', { code: RestError.PARSE_ERROR, request }), {
      cause: error,
    });
  } finally {
    abort.release();
  }
}

function reporting(body: Readable, report: (progress: { loadedBytes: number }) => void): Readable {
  let loadedBytes = 0;
  const reported = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      loadedBytes += chunk.byteLength;
      report({ loadedBytes });
      done(null, chunk);
    },
  });
  body.once('error', (error) => reported.destroy(error));
  reported.once('close', () => body.destroy());
  return body.pipe(reported);
}
