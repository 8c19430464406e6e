// Takes the lock of the key and keeps it until it is killed.
import { addon } from './rig.mjs';

const lock = addon.acquireLock(process.argv[2], 10_000);
console.log(await lock.settled);
// A lock that nothing refers to is given back by the garbage collector.
setTimeout(() => lock.release(), 3_600_000);
