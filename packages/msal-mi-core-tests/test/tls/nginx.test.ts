import { createMtlsFetch } from 'core/mtls-fetch/mtls-fetch.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { nginxIsMissing, startNginx, type Nginx } from '../support/nginx.js';
import { createTestPki } from '../support/test-pki.js';
import { softwareRequest, World } from '../support/world.js';

const missing = nginxIsMissing();
if (missing !== undefined) {
  if (process.env['MSAL_MI_REQUIRE_NGINX'] === '1') throw new Error(`MSAL_MI_REQUIRE_NGINX is set, and ${missing}`);
  console.warn(`The nginx tests are skipped: ${missing}.`);
}

(missing === undefined ? describe : describe.skip)('nginx as the resource', () => {
  let world: World;
  let nginx: Nginx;
  let app: ReturnType<World['application']>;
  let fingerprint: string;
  let serverCa: string;

  beforeAll(async () => {
    const { authority, server } = await createTestPki();
    serverCa = authority.pem;
    world = await World.start();
    app = world.application({ system: { ca: [world.emulator.ca, serverCa] } });
    const { bindingCertificate } = await app.acquireToken(softwareRequest());
    fingerprint = bindingCertificate.toX509Certificate().fingerprint.replaceAll(':', '').toLowerCase();
    nginx = await startNginx({ server, clientCa: world.emulator.ca, fingerprintSha1: fingerprint });
  }, 60_000);
  afterAll(async () => {
    await nginx.stop();
    await world.close();
  });

  const boundFetch = () => createMtlsFetch(app, { resource: nginx.origin, minStrength: MtlsBindingStrength.Software });

  test('accepts our calls: it saw the certificate that the token is bound to', async () => {
    const response = await boundFetch()(`${nginx.origin}/things`);

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ verify: 'SUCCESS', fingerprint, protocol: 'TLSv1.2' });
  });

  test('keeps the connection between calls', async () => {
    const fetch = boundFetch();
    const counts: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const { requests } = (await (await fetch(nginx.origin)).json()) as { requests: number };
      counts.push(requests);
    }
    expect(counts[2]).toBe((counts[0] ?? 0) + 2);
  });

  test('refuses the same certificate without a bound token', async () => {
    const { binding } = await app.acquireToken(softwareRequest());
    const response = await binding.fetch(nginx.origin, { headers: { authorization: 'Bearer x' } });

    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ fingerprint, scheme: 'other' });
  });

  test('refuses the certificate of another key', async () => {
    const other = await World.start();
    try {
      const { binding } = await other
        .application({ system: { ca: [other.emulator.ca, serverCa] } })
        .acquireToken(softwareRequest());
      // nginx completes the handshake and then says that the certificate did not verify.
      expect((await binding.fetch(nginx.origin)).status).toBe(400);
    } finally {
      await other.close();
    }
  });
});
