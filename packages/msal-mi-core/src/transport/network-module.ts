/** Serves the IMDS legs through an msal-node network client that the application brought. */
import { abortable } from '../time/cancellation.js';
import { TransportError, type HttpRequest, type HttpResponse, type HttpTransport } from '../ports.js';
import { MAX_BODY_BYTES } from './body.js';
import { summarizeForeignError } from '../secret.js';
import type { INetworkModule, NetworkResponse } from '../types.js';

export function createNetworkModuleTransport(client: INetworkModule): HttpTransport {
  return {
    async send(request) {
      const timeout = AbortSignal.timeout(request.timeoutMs);
      const response = await abortable(
        abortable(call(client, request), timeout).catch((error: unknown) => {
          throw timeout.aborted
            ? new TransportError('timeout', 'ETIMEDOUT', 'The answer did not arrive in time.')
            : new TransportError('unreachable', summarizeForeignError(error), 'The network client failed.');
        }),
        request.signal,
      );
      return normalize(response);
    },
  };
}

function call(client: INetworkModule, request: HttpRequest): Promise<NetworkResponse<unknown>> {
  const options = {
    headers: { ...request.headers },
    ...(request.body !== undefined && { body: request.body }),
  };
  return request.method === 'GET'
    ? client.sendGetRequestAsync<unknown>(request.url, options, request.timeoutMs)
    : client.sendPostRequestAsync<unknown>(request.url, options);
}

/** msal-node's clients return parsed JSON; ours read text, so that malformed answers are handled in one place. */
function normalize(response: NetworkResponse<unknown>): HttpResponse {
  const { status, body } = response as { status: unknown; body: unknown };
  if (typeof status !== 'number') {
    throw new TransportError('invalid_response', 'ERR_NO_STATUS', 'The network client returned no status.');
  }
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries((response.headers as Record<string, string> | undefined) ?? {})) {
    headers[name.toLowerCase()] = value;
  }
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  if (text.length > MAX_BODY_BYTES) {
    throw new TransportError('invalid_response', 'ERR_BODY_TOO_LARGE', 'The answer is larger than 1 MiB.');
  }
  return { status, headers, body: text };
}
