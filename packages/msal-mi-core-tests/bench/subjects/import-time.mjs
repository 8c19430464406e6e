/** How long importing a package takes in a new process, milliseconds. */
const startedAt = performance.now();
await import(process.argv[2]);
process.stdout.write(String(performance.now() - startedAt));
