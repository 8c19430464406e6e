/**
 * Prints which files of msal-mi-core a cold and a warm acquisition run through, and which of their named functions, by the
 * coverage that V8 takes.
 * Needs a build: `node packages/msal-mi-core-tests/test/flow/programs/print-path.mjs [--json]`.
 */
import { Session } from 'node:inspector/promises';
import { startEmulator } from 'msal-mi-emulator';

const emulator = await startEmulator();
Object.assign(process.env, emulator.env);
const { ManagedIdentityApplication, MtlsBindingStrength } = await import('msal-mi-core');
const root = new URL('.', import.meta.resolve('msal-mi-core')).href;

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

/** Named functions that ran since the last time, by file. */
async function take() {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const ran = {};
  for (const { url, functions } of result) {
    if (!url.startsWith(root)) continue;
    const names = functions
      .filter(({ functionName, ranges }) => functionName !== '' && ranges[0].count > 0)
      .map(({ functionName }) => functionName);
    if (names.length > 0) ran[url.slice(root.length)] = names;
  }
  return ran;
}

const app = new ManagedIdentityApplication({ system: { ca: emulator.ca } });
const request = {
  resource: 'https://vault.azure.net',
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software,
};
await take();
await app.acquireToken(request);
const cold = await take();
await app.acquireToken(request);
const warm = await take();
await emulator.close();

if (process.argv.includes('--json')) {
  process.stdout.write(JSON.stringify({ cold, warm }));
} else {
  for (const [name, ran] of Object.entries({ cold, warm })) {
    const files = Object.keys(ran).sort();
    console.log(`${name}: ${files.length} files, ${Object.values(ran).flat().length} functions`);
    for (const file of files) console.log(`  ${file}: ${ran[file].join(', ')}`);
  }
}
