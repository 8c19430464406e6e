// Takes the lock of the key and keeps it until it is killed.
import { addon } from './rig.mjs';

const lock = addon.acquireLock(process.argv[2], 10_000);
console.log(await lock.settled);
setInterval(() => undefined, 60_000);
