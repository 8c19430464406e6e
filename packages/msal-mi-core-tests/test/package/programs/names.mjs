/** Runs in an application: prints the names of each entry point, imported and required. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const ADDED_BY_INTEROP = ['default', 'module.exports', '__esModule'];
const names = (module) =>
  Object.keys(module)
    .filter((name) => !ADDED_BY_INTEROP.includes(name))
    .sort();

const result = {};
for (const entryPoint of process.argv.slice(2)) {
  result[entryPoint] = { imported: names(await import(entryPoint)), required: names(require(entryPoint)) };
}
console.log(JSON.stringify(result));
