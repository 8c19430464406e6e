/** Somebody between an API and its issuer, who answers with keys of their own (D28). */
import { execFile } from 'node:child_process';
import { createServer } from 'node:https';
import { resolve } from 'node:path';
import { ResourceServers } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';

const PROGRAM = resolve(import.meta.dirname, 'programs/verify-token.mjs');

const servers = await untilTheEnd(ResourceServers.start());

test.each(['0', '1', undefined])('is refused with NODE_TLS_REJECT_UNAUTHORIZED=%s', async (setting) => {
  let asked = 0;
  const impostor = createServer(servers.pki.untrustedServer, (_request, response) => {
    asked += 1;
    servers.issuer.sendKeys(response);
  });
  const jwks = `https://localhost:${await servers.listen(impostor)}/keys`;
  const token = await servers.issuer.sign(servers.client.x5tS256);
  const input = JSON.stringify({ token, jwks, certificate: servers.client.certificate.raw.toString('base64') });
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_NO_WARNINGS: '1' };
  delete env['NODE_TLS_REJECT_UNAUTHORIZED'];
  if (setting !== undefined) env['NODE_TLS_REJECT_UNAUTHORIZED'] = setting;

  const printed = await new Promise<string>((done) => {
    execFile(process.execPath, [PROGRAM, input], { env }, (error, stdout) =>
      done(error === null ? stdout : error.message),
    );
  });

  expect(printed).toMatch(/^key_set_unavailable: .*(UNABLE_TO_VERIFY|SELF_SIGNED)/);
  expect(asked).toBe(0);
});
