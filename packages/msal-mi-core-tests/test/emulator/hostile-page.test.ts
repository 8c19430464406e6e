import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startEmulator, type Emulator } from 'msal-mi-emulator';
import type { Browser, Page } from 'playwright-core';
import { imds } from './support/bound-client.js';
import { describeInChromium, launchChromium } from './support/in-chromium.js';

const EVIL = 'evil.example';
const FLAGS = [
  `--host-resolver-rules=MAP ${EVIL} 127.0.0.1`,
  '--disable-features=BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessSendPreflights,LocalNetworkAccessChecks',
];
const METADATA = 'identity/getplatformmetadata?cred-api-version=2.0';

describeInChromium('a hostile page in Chromium', () => {
  let emulator: Emulator;
  let browser: Browser;
  let page: Page;
  let site: Server;

  beforeAll(async () => {
    emulator = await startEmulator();
    site = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>x</title>');
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    browser = await launchChromium(FLAGS);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    site.close();
    await emulator.close();
  });
  beforeEach(async () => {
    emulator.reset();
    page = await browser.newPage();
    for (const leg of ['getplatformmetadata', 'attest', 'imds-token'] as const) emulator.fault(leg, [{ status: 503 }]);
  });
  afterEach(() => page.close());

  async function expectNothingTaken(): Promise<void> {
    expect(emulator.journal.filter(({ method }) => method !== '')).toEqual([]);
    expect((await imds(emulator, METADATA)).status).toBe(503);
    const attestation = await fetch(`${emulator.maaUrl}/attest/keyguard?api-version=1`, { method: 'POST', body: '{}' });
    expect(attestation.status).toBe(503);
  }

  it('of another site takes no fault and leaves nothing in the journal, whatever it sends', async () => {
    await page.goto(`http://${EVIL}:${(site.address() as AddressInfo).port}/`);
    const refused = new Map<string, string>();
    page.on('requestfailed', (request) => refused.set(request.url(), request.failure()?.errorText ?? ''));
    const outcomes = await page.evaluate(
      async ([imdsUrl, maaUrl, path]) => {
        const settled = (promise: Promise<unknown>): Promise<string> =>
          promise.then(
            () => 'sent',
            () => 'blocked',
          );
        const url = `${imdsUrl}/metadata/${path}`;
        const events = new Promise((resolve) => {
          const source = new EventSource(`${imdsUrl}/events`);
          source.onopen = source.onerror = () => {
            source.close();
            resolve(undefined);
          };
        });
        const socket = new Promise((resolve) => {
          const element = new WebSocket(`${imdsUrl!.replace('http', 'ws')}/metadata/${path}`);
          element.onopen = element.onerror = resolve;
        });
        return Promise.all([
          settled(fetch(url, { mode: 'no-cors' })),
          settled(fetch(url, { headers: { Metadata: 'true' } })),
          settled(fetch(`${maaUrl}/attest/keyguard?api-version=1`, { method: 'POST', mode: 'no-cors', body: '{}' })),
          settled(events),
          settled(socket),
        ]);
      },
      [emulator.imdsUrl, emulator.maaUrl, METADATA],
    );
    const image = JSON.stringify(`${emulator.imdsUrl}/metadata/${METADATA}`);
    // As text: these tests know no types of browsers.
    await page.evaluate(
      `new Promise((done) => Object.assign(new Image(), { onload: () => done(), onerror: () => done(), src: ${image} }))`,
    );
    expect(outcomes.slice(0, 3)).toEqual(['blocked', 'blocked', 'blocked']);
    // It did reach the emulator, whose answer no page of another origin gets to see.
    expect(refused.get(`${emulator.maaUrl}/attest/keyguard?api-version=1`)).toMatch(/^net::ERR_BLOCKED_BY_RESPONSE/);
    await expectNothingTaken();
  });

  it('under a name that it has rebound to loopback reads nothing and takes nothing', async () => {
    const { port } = new URL(emulator.imdsUrl);
    const response = await page.goto(`http://${EVIL}:${port}/`);
    expect(response?.status()).toBe(421);
    const status = await page.evaluate(
      async (path) => (await fetch(`/metadata/${path}`, { headers: { Metadata: 'true' } })).status,
      METADATA,
    );
    expect(status).toBe(421);
    await expectNothingTaken();
  });
});
