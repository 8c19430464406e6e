/** Does what it is told, closes nothing and runs to its last line: what keeps the process alive then is a leak. */
import { subscribe } from 'node:diagnostics_channel';
import dns from 'node:dns';
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

/** Every name has two addresses, and nobody listens at the first one: each that is tried has a handle of its own. */
function haveSecondAddresses() {
  dns.lookup = (_name, _options, settle) =>
    process.nextTick(
      settle,
      null,
      ['127.0.0.2', '127.0.0.1'].map((address) => ({ address, family: 4 })),
    );
}

/**
 * What a server that gives no answer hears of, so that the program does not end before it has asked. It has to end while
 * the question is open: one that is given up was waited for.
 */
const asked = () =>
  new Promise((resolve) => {
    subscribe('http.client.request.start', ({ request }) => {
      let isAnswered = false;
      request.once('response', () => (isAnswered = true));
      process.once('exit', () => {
        if (request.destroyed && !isAnswered) process.exitCode = 1;
      });
      setImmediate(resolve);
    });
  });

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
    const refreshing = asked();
    await app.acquireToken(request);
    await refreshing;
  },
  async silentRenewal() {
    await app.acquireToken(request);
    setClockForward(5 * 24 * HOUR_MS);
    const renewing = asked();
    await app.acquireToken(request);
    await renewing;
  },
  async silentSecondAddress() {
    haveSecondAddresses();
    await PROGRAMS.silentRenewal();
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
// What is left by now works in the background: a timer of it must not be waited for either.
if (what.startsWith('silent') && process.getActiveResourcesInfo().includes('Timeout')) process.exitCode = 1;
process.stdout.write('done');
