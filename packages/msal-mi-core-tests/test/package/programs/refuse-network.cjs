/** Preloaded: having loaded Node's TLS or cryptography by the end of the program is an error. */
const REFUSED = ['https', 'tls', 'crypto'];

process.once('exit', () => {
  const loaded = REFUSED.filter((name) => process.moduleLoadList.includes(`NativeModule ${name}`));
  if (loaded.length === 0) return;
  console.error(`loaded: ${loaded.join(', ')}`);
  process.exitCode = 1;
});
