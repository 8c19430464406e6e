import { RestError, type PipelineRequest } from '@azure/core-rest-pipeline';
import { headersForToken } from '../mtls-fetch/host-profiles.js';

/** Of the connection, which is the transport's: a body is framed by what is known of its length, and sent at once. */
const FRAMING_HEADERS = ['expect', 'transfer-encoding', 'keep-alive'];

/**
 * The headers of an SDK request as `fetch` takes them, without Authorization.
 *
 * @param resource - What the token is for: decides with the host which headers go with it.
 * @returns `decode` is true when the pipeline asked for a coding. Then, as with the SDK's own transport, content is decoded,
 *   and else left alone.
 */
export function toFetchHeaders(
  request: PipelineRequest,
  url: URL,
  resource: string,
): { headers: Headers; decode: boolean } {
  const headers = new Headers(headersForToken(url.hostname, resource));
  for (const [name, value] of request.headers) {
    if (name.toLowerCase() === 'authorization') continue;
    try {
      headers.set(name, value);
    } catch {
      // The platform's message quotes the value.
      throw new RestError('A header has a name or a value that HTTP does not allow.', {
        code: RestError.REQUEST_SEND_ERROR,
        request,
      });
    }
  }
  for (const name of FRAMING_HEADERS) headers.delete(name);
  if (request.disableKeepAlive) headers.set('connection', 'close');
  const decode = /gzip|deflate/.test(headers.get('accept-encoding') ?? '');
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity');
  return { headers, decode };
}
