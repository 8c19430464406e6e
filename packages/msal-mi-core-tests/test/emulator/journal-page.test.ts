import { startEmulator, type Emulator } from 'msal-mi-emulator';
import type { Browser, Page } from 'playwright-core';
import { acquireToken, call, imds, mintCredential, requestToken } from './support/bound-client.js';
import { describeInChromium, launchChromium } from './support/in-chromium.js';

const METADATA = 'identity/getplatformmetadata?cred-api-version=2.0';

it('is served with a policy that allows nothing but its own style and script', async () => {
  const emulator = await startEmulator();
  try {
    const response = await fetch(emulator.imdsUrl);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|http|\*/);
    expect(await response.text()).not.toMatch(/(?:src|href)=/);
    expect((await fetch(emulator.imdsUrl, { method: 'POST' })).status).toBe(405);
  } finally {
    await emulator.close();
  }
});

describeInChromium('journal page in Chromium', () => {
  let emulator: Emulator;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    emulator = await startEmulator({ bearerOnlyAudiences: ['https://bearer-only.example'] });
    browser = await launchChromium();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await emulator.close();
  });
  beforeEach(async () => {
    emulator.reset();
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(emulator.imdsUrl);
    await page.getByText('live', { exact: true }).waitFor();
  }, 60_000);
  afterEach(async () => {
    await page.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  it('says what to do when nothing has happened yet', async () => {
    expect(await page.locator('#empty').innerText()).toContain(`AZURE_POD_IDENTITY_AUTHORITY_HOST=${emulator.imdsUrl}`);
  }, 60_000);

  it('shows requests as they are answered, newest first, and what came before it was opened', async () => {
    await imds(emulator, METADATA);
    await page.locator('tr.entry').first().waitFor();
    await imds(emulator, 'identity/nowhere');
    await page.getByText('GET /metadata/identity/nowhere').waitFor();
    const answers = await page.locator('tr.entry .status').allInnerTexts();
    expect(answers).toEqual(['404', '200']);
    expect(await page.locator('#count-imds').innerText()).toBe('2');
    await page.reload();
    await page.locator('tr.entry').nth(1).waitFor();
    expect(await page.locator('tr.entry .status').allInnerTexts()).toEqual(['404', '200']);
  }, 60_000);

  it('shows the claims of a token beside the certificate that was presented', async () => {
    const credential = await mintCredential(emulator);
    const other = await mintCredential(emulator);
    const token = await acquireToken(emulator, credential, emulator.resources.handshake);
    const headers = { Authorization: `mtls_pop ${token}` };
    await call(`${emulator.resources.handshake}/mine`, { ca: emulator.ca, credential, headers });
    await call(`${emulator.resources.handshake}/stolen`, { ca: emulator.ca, credential: other, headers });
    await page.getByRole('button', { name: 'GET /stolen' }).click();
    await page.getByText('cnf is not the presented certificate').waitFor();
    await page.getByRole('button', { name: 'GET /mine' }).press('Enter');
    await page.getByText('cnf is the presented certificate').waitFor();
    expect(await page.locator('.detail:visible pre').first().innerText()).toContain(credential.thumbprint);
  }, 60_000);

  it('tells bound tokens from bearer tokens, and names the resources that take no bound ones', async () => {
    expect(await page.locator('li.token').innerText()).toContain('Bearer only: https://bearer-only.example');
    const credential = await mintCredential(emulator);
    const scope = 'https://bearer-only.example/.default';
    await requestToken(emulator, credential);
    await requestToken(emulator, credential, { scope });
    await requestToken(emulator, credential, { scope, token_type: 'bearer' });
    await page.locator('tr.entry.token').nth(2).waitFor();
    const rows = await page.locator('tr.entry.token .why').allInnerTexts();
    expect(rows).toEqual([
      'issued Bearer, bound to nothing',
      expect.stringMatching(/^AADSTS392196: /),
      'issued mtls_pop, bound to the certificate',
    ]);
    await page.locator('tr.entry.token .open').first().click();
    await page.getByText('no cnf: a bearer token, bound to nothing').waitFor();
  }, 60_000);

  it('names the documentation', async () => {
    expect(await page.locator('footer').innerText()).toContain('Documentation: README.md and WIRE.md');
  }, 60_000);

  it('shows what came over the wire as text and never runs it', async () => {
    const attack = '<img src=x onerror="document.title=1"></script><script>document.title=2</script>';
    await imds(emulator, `${METADATA}&client_id=${encodeURIComponent(attack)}`, { headers: { 'X-Attack': attack } });
    await fetch(`${emulator.maaUrl}/attest/keyguard?api-version=1`, { method: 'POST', body: attack });
    const button = page.getByRole('button', { name: 'POST /attest/keyguard' });
    await button.click();
    await page.locator('.detail:visible pre', { hasText: attack }).first().waitFor();
    await page.getByRole('button', { name: 'GET /metadata' }).click();
    await page
      .locator('.detail:visible pre', { hasText: `x-attack: ${attack}` })
      .first()
      .waitFor();
    expect(await page.title()).toBe('msal-mi emulator: journal');
    expect(await page.locator('img').count()).toBe(0);
  }, 60_000);

  it('filters by server, by text and by outcome, pauses, and follows a reset', async () => {
    await imds(emulator, METADATA);
    await imds(emulator, 'identity/nowhere');
    await fetch(`${emulator.maaUrl}/certs`);
    await page.locator('tr.entry').nth(2).waitFor();
    const visible = page.locator('tr.entry:visible');
    await page.getByLabel('Server', { exact: true }).selectOption('maa');
    expect(await visible.count()).toBe(1);
    await page.getByLabel('Server', { exact: true }).selectOption('');
    await page.getByLabel('Refused or cut only').check();
    expect(await visible.count()).toBe(1);
    await page.getByLabel('Refused or cut only').uncheck();
    await page.getByLabel('Find in the journal').fill('NOWHERE');
    expect(await visible.count()).toBe(1);
    await page.getByLabel('Find in the journal').fill('');
    await page.getByRole('button', { name: 'Pause' }).click();
    await imds(emulator, METADATA);
    await page.getByRole('button', { name: 'Resume (1 waiting)' }).click();
    expect(await visible.count()).toBe(4);
    emulator.reset();
    await page.locator('#empty').waitFor();
    expect(await page.locator('tr.entry').count()).toBe(0);
  }, 60_000);

  it('has a name for every control and a header for every column', async () => {
    await imds(emulator, METADATA);
    await page.locator('tr.entry').first().waitFor();
    const controls = page.locator('input, select, button');
    for (const control of await controls.all()) {
      const name = await control.evaluate((node) => {
        const element = node as unknown as {
          ariaLabel: string | null;
          labels?: { length: number };
          textContent: string;
        };
        return element.ariaLabel ?? (element.labels?.length ? 'labelled' : element.textContent.trim());
      });
      expect(name).not.toBe('');
    }
    expect(await page.locator('thead th[scope=col]').count()).toBe(6);
  }, 60_000);
});
