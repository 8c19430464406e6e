/** Does what it is told, closes nothing and runs to its last line: what keeps the process alive then is a leak. */
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';

const [what, resource] = process.argv.slice(2);
const request = {
  resource: 'https://graph.microsoft.com',
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software,
};
const app = new ManagedIdentityApplication({ system: { timeout: 600_000 } });

const PROGRAMS = {
  acquire: () => app.acquireToken(request),
  async keepAlive() {
    const { binding, accessToken } = await app.acquireToken(request);
    const headers = { authorization: `mtls_pop ${accessToken}` };
    for (let i = 0; i < 3; i++) await (await binding.fetch(resource, { headers })).text();
  },
  async abort() {
    const controller = new AbortController();
    const call = app.acquireToken({ ...request, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('left')), 20);
    await call.catch(() => undefined);
  },
  capabilities: () => app.getManagedIdentityCapabilities(),
};
await PROGRAMS[what]();
process.stdout.write('done');
