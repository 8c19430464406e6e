/** Serves the IMDS legs through an msal-node network client that the application brought. */
import { abortable } from '../time/clock.js';
import { isTransportError, TransportError, type HttpRequest, type HttpResponse, type HttpTransport } from '../ports.js';
import { MAX_BODY_BYTES } from '../transport/exchange.js';
import { summarizeForeignError } from '../secret.js';
import type { INetworkModule, NetworkResponse } from '../public-types.js';

export function createNetworkModuleTransport(client: INetworkModule): HttpTransport {
  return {
    async send(request) {
      const answering = call(client, request).catch((error: unknown) => {
        throw new TransportError('unreachable', summarizeForeignError(error), 'The network client failed.');
      });
      const response = await abortable(answering, request.signal);
      try {
        return normalize(response);
      } catch (error) {
        if (isTransportError(error)) throw error;
        throw new TransportError(
          'invalid_response',
          'ERR_UNREADABLE',
          'The network client returned what cannot be read.',
        );
      }
    },
  };
}

/** Async, so that a client that throws at once fails like one that rejects. */
async function call(client: INetworkModule, request: HttpRequest): Promise<NetworkResponse<unknown>> {
  const options = {
    headers: { ...request.headers },
    ...(request.body !== undefined && { body: request.body }),
  };
  return request.method === 'GET'
    ? client.sendGetRequestAsync<unknown>(request.url, options, request.timeoutMs)
    : client.sendPostRequestAsync<unknown>(request.url, options);
}

/** msal-node's clients return parsed JSON; ours read text, so that malformed answers are handled in one place. */
function normalize(response: unknown): HttpResponse {
  const { status, body, headers: given } = (response ?? {}) as Record<'status' | 'body' | 'headers', unknown>;
  if (typeof status !== 'number') {
    throw new TransportError('invalid_response', 'ERR_NO_STATUS', 'The network client returned no status.');
  }
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(given ?? {})) headers[name.toLowerCase()] = String(value);
  const text = typeof body === 'string' ? body : toJson(body);
  if (text.length > MAX_BODY_BYTES) {
    throw new TransportError('invalid_response', 'ERR_BODY_TOO_LARGE', 'The answer is larger than 1 MiB.');
  }
  return { status, headers, body: text };
}

function toJson(body: unknown): string {
  try {
    const json: unknown = JSON.stringify(body); // undefined for what JSON has no form for, such as a function
    return typeof json === 'string' ? json : '';
  } catch {
    throw new TransportError('invalid_response', 'ERR_BODY_NOT_JSON', 'The network client returned an unusable body.');
  }
}
