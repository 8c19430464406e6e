import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { requireMtlsPop } from 'msal-mi-core/resource-server';

/** An API that accepts bound tokens of one tenant, for one audience, and nothing else. */
export async function startApi({ issuer, jwks, audience }) {
  const authenticate = requireMtlsPop({ issuer, audience, jwks: new URL(jwks) });
  const tls = { cert: readFileSync('server.pem'), key: readFileSync('server.key') };
  // The token says which client certificate is the right one, so that no authority has to be trusted for it.
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    authenticate(request, response, (error) => {
      // 401 was answered already: what arrives here is not the client's fault.
      if (error !== undefined) response.writeHead(error.statusCode ?? 500, error.headers).end();
      else response.end(`orders of ${request.mtlsPop.claims.azp}`);
    });
  });
  await new Promise((listening) => server.listen(0, 'localhost', listening));
  return { server, url: `https://localhost:${server.address().port}` };
}
