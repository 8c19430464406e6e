// Exit code 0 where Windows makes isolated keys, after `prebuild:win-x64`. Makes none.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageFolder } from './paths.mjs';

const addon = createRequire(import.meta.url)(
  join(packageFolder('msal-mi-core'), 'prebuilds/win32-x64/msal-mi-core.node'),
);
const key = { providerName: 'Microsoft Software Key Storage Provider', keyName: 'unused', scope: 'user' };
const isSupported = await addon.supportsIsolatedKeys(key);
console.log(isSupported ? 'isolated keys can be made' : 'no isolated keys here');
process.exit(isSupported ? 0 : 1);
