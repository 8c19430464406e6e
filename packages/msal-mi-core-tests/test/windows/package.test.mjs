// What users install.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { addonPath } from '../guest/rig.mjs';

const require = createRequire(import.meta.url);

test('the installed package brings its addon and runs nothing at install time', () => {
  assert.ok(existsSync(addonPath));
  const manifest = JSON.parse(readFileSync(require.resolve('msal-mi-core/package.json'), 'utf8'));
  for (const script of ['preinstall', 'install', 'postinstall']) assert.equal(manifest.scripts?.[script], undefined);
  assert.equal(manifest.os, undefined);
  assert.equal(existsSync(new URL('../node_modules/msal-mi-core/binding.gyp', import.meta.url)), false);
});

test('both builds find the addon and share one platform', async () => {
  const esm = await import('../node_modules/msal-mi-core/dist/platform/win32/native/load.js');
  const cjs = require('../node_modules/msal-mi-core/dist-cjs/platform/win32/native/load.js');
  for (const { loadBindings } of [esm, cjs]) assert.equal(typeof loadBindings().probeKey, 'function');
});
