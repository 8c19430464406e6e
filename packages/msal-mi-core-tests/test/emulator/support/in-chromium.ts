import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const isRequired = process.env.MSAL_MI_REQUIRE_CHROMIUM === '1';

/** `describe`, skipped where there is no Chromium and none is required. */
export function describeInChromium(name: string, tests: () => void): void {
  if (existsSync(CHROMIUM) || isRequired) describe(name, tests);
  else {
    console.log(`${name}: skipped, there is no ${CHROMIUM}`);
    describe.skip(name, tests);
  }
}

/** Starts Chromium without a window. */
export async function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] });
}
