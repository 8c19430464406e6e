// Preloaded: lets a program believe that it runs on Windows, and writes down which native files it looks for and loads.
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

Object.defineProperty(process, 'platform', { value: 'win32' });
Object.defineProperty(process, 'arch', { value: 'x64' });

const asked = new Set();
const loaded = [];
for (const name of ['existsSync', 'statSync', 'openSync', 'readFileSync']) {
  const original = fs[name];
  fs[name] = (path, ...rest) => {
    if (/\.(node|dll)$/i.test(String(path))) asked.add(String(path));
    return original(path, ...rest);
  };
}
syncBuiltinESMExports();
const { dlopen } = process;
process.dlopen = (module, file, ...rest) => {
  loaded.push(file);
  // The addon of the attestation package seems to load, so that its library is looked for.
  if (!file.endsWith('msal-key-attestation.node')) dlopen.call(process, module, file, ...rest);
};
globalThis.lookedFor = { toJSON: () => ({ asked: [...asked], loaded }) };
