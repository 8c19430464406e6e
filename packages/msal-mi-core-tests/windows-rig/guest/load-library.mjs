// Loads a library as an unprotected program would: by name, or by requiring an addon that binds its imports at load time.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const [what] = process.argv.slice(2);
const require = createRequire(import.meta.url);
if (what.endsWith('.node')) {
  try {
    require(what);
  } catch {
    // A planted library has functions that do nothing.
  }
} else {
  const { loadLibrary } = require(join(dirname(process.env.RIG_PROBE), 'planted/plain_loader.node'));
  console.log(loadLibrary(what));
}
