/** The nginx block of the documentation, in a real nginx, in front of an API that trusts it. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { fetchOverChannel } from 'core/fetch/channel-fetch.js';
import { nginxIsMissing, startSite, type Nginx } from '../support/nginx.js';
import { ResourceServers } from '../support/resource-servers.js';

const PAGE = resolve(import.meta.dirname, '../../../../docs/resource-server-proxies.md');

const missing = nginxIsMissing();
if (missing !== undefined) {
  if (process.env['MSAL_MI_REQUIRE_NGINX'] === '1') throw new Error(`MSAL_MI_REQUIRE_NGINX is set, and ${missing}`);
  console.warn(`The tests of the documented nginx block are skipped: ${missing}.`);
}

/** The block as the page has it, with the addresses and files of this test. */
function documentedBlock(replacements: Record<string, string>): string {
  let block = /^```nginx\n([^]*?)^```$/m.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? '';
  for (const [onPage, here] of Object.entries(replacements)) {
    if (!block.includes(onPage)) throw new Error(`The block on the page does not hold "${onPage}"`);
    block = block.replaceAll(onPage, here);
  }
  return block;
}

(missing === undefined ? describe : describe.skip)('behind the documented nginx', () => {
  let servers: ResourceServers;
  let nginx: Nginx;
  let token: string;
  let seen: string[];

  beforeAll(async () => {
    servers = await ResourceServers.start();
    token = await servers.issuer.sign(servers.client.x5tS256);
    const application = servers.application({
      ...servers.options,
      forwardedCertificate: { header: 'X-Client-Cert', format: 'nginx', trustedProxies: ['127.0.0.1'] },
    });
    seen = [];
    const port = await servers.listen(
      createServer((req, res) => {
        seen.push(String(req.headers['x-client-cert']));
        application(req, res);
      }),
    );
    const { key, cert } = servers.pki.server;
    nginx = await startSite({
      files: { 'orders.key': key, 'orders.pem': cert },
      configuration: (folder, listenPort) =>
        documentedBlock({
          'listen 443 ssl': `listen 127.0.0.1:${listenPort} ssl`,
          'orders.contoso.com': 'localhost',
          '/etc/nginx': folder,
          'http://127.0.0.1:8080': `http://127.0.0.1:${port}`,
        }),
    });
  });
  afterAll(async () => {
    await nginx.stop();
    await servers.close();
  });

  test('the owner of the key is served and a thief is not, whatever authority their certificates are of', async () => {
    expect((await servers.call(servers.client, `mtls_pop ${token}`, nginx.origin)).status).toBe(200);
    expect((await servers.call(servers.thief, `mtls_pop ${token}`, nginx.origin)).status).toBe(401);
  });

  test('a certificate that the client writes into the header itself does not reach the API', async () => {
    const forged = encodeURIComponent(servers.client.certificate.toString());
    const headers = { authorization: `mtls_pop ${token}`, 'x-client-cert': forged };
    const response = await fetchOverChannel(servers.thief.channel, nginx.origin, { headers });
    expect(response.status).toBe(401);
    expect(seen.at(-1)).not.toBe(forged);
  });
});
