/** Does what it is told, closes nothing and runs to its last line: what keeps the process alive then is a leak. */
import { subscribe } from 'node:diagnostics_channel';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';

const [what, resource] = process.argv.slice(2);
const request = {
  resource: 'https://graph.microsoft.com',
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software,
};
const app = new ManagedIdentityApplication({ system: { timeout: 600_000 } });

const HOUR_MS = 3_600_000;
/** Lets the wall clock go forward. No time passes. */
function setClockForward(byMs) {
  const before = Date.now;
  Date.now = () => before() + byMs;
}

/** What a server that gives no answer hears of, so that the program does not end before it has asked. */
const asked = (channel) => new Promise((resolve) => subscribe(channel, () => setImmediate(resolve)));

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
  async silentRefresh() {
    await app.acquireToken(request);
    setClockForward(4 * HOUR_MS);
    const refreshing = asked('http.client.request.start');
    await app.acquireToken(request);
    await refreshing;
  },
  async silentRenewal() {
    await app.acquireToken(request);
    setClockForward(5 * 24 * HOUR_MS);
    const renewing = asked('http.client.request.start');
    await app.acquireToken(request);
    await renewing;
  },
  async joinedRefresh() {
    await app.acquireToken(request);
    setClockForward(4 * HOUR_MS);
    const { fromCache } = await app.acquireToken(request);
    setClockForward(3 * HOUR_MS);
    const refreshed = await app.acquireToken(request);
    if (!fromCache || refreshed.fromCache) throw new Error('nothing was joined');
  },
  capabilities: () => app.getManagedIdentityCapabilities(),
};
await PROGRAMS[what]();
process.stdout.write('done');
