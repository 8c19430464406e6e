/** What the documentation says of resumed TLS sessions, so that nobody is surprised by it. */
import { constants } from 'node:crypto';
import type https from 'node:https';
import { connect } from 'node:tls';
import { ResourceServers } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';

const servers = await untilTheEnd(ResourceServers.start());

/** Sends one request; the session that the server offers is for the next one. */
async function call(origin: string, credentials: object): Promise<{ status: string; session: Buffer | undefined }> {
  const authorization = `mtls_pop ${await servers.issuer.sign(servers.client.x5tS256)}`;
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca: servers.pki.authority.pem, ...credentials });
    let session: Buffer | undefined;
    let answer = '';
    socket.on('session', (offered: Buffer) => (session = offered));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('end', () => resolve({ status: answer.split(' ')[1] ?? '', session }));
    socket.on('error', reject);
    socket.write(`GET / HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`);
  });
}

const start = (options: https.ServerOptions) =>
  servers.serve(servers.options, { ...servers.tls, rejectUnauthorized: false, ...options });
const owner = () => {
  const { key, cert } = servers.client.channel.tlsOptions();
  return { key, cert };
};

test.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s a session that is resumed needs no key', async (maxVersion) => {
  const origin = await start({ maxVersion });
  const { status, session } = await call(origin, owner());
  expect(status).toBe('200');
  expect((await call(origin, { session })).status).toBe('200');
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'over %s a server without tickets and without a session store resumes nothing',
  async (maxVersion) => {
    const origin = await start({ maxVersion, secureOptions: constants.SSL_OP_NO_TICKET });
    const { status, session } = await call(origin, owner());
    expect(status).toBe('200');
    expect((await call(origin, { session })).status).toBe('401');
  },
);
