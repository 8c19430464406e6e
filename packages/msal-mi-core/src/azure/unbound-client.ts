import { createDefaultHttpClient, type HttpClient, type PipelineRequest } from '@azure/core-rest-pipeline';
import { TRUSTED_AUTHORITIES } from '../mtls-fetch/application-members.js';
import type { TokenApplication } from '../mtls-fetch/token-application.js';

/** The SDK's own transport, for requests without a token. Trusts what the application trusts. */
export function createUnboundClient(application: TokenApplication): HttpClient {
  const client = createDefaultHttpClient();
  let trusting: Promise<TlsSettings> | undefined;
  return {
    sendRequest: async (request) => {
      trusting ??= tlsSettingsOf(application);
      request.tlsSettings = await trusting;
      try {
        return await client.sendRequest(request);
      } finally {
        // The SDK sends the same object again, then with a token.
        delete request.tlsSettings;
      }
    },
  };
}

/**
 * The SDK hands all members to the agent. That the server is verified is explicit (D28): NODE_TLS_REJECT_UNAUTHORIZED
 * changes a default only.
 */
async function tlsSettingsOf(application: TokenApplication): Promise<TlsSettings> {
  const ca = await application[TRUSTED_AUTHORITIES]();
  return { rejectUnauthorized: true, ...(ca && { ca: [...ca] }) } as TlsSettings;
}

type TlsSettings = NonNullable<PipelineRequest['tlsSettings']>;
