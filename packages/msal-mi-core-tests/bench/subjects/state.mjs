/** Reaches into the state that the instances of one process share. */
const STATE = Symbol.for('msal-mi-core/state/v4');

/** Tokens, certificates and the key are gone: the next application starts cold. */
export function forgetEverything() {
  Reflect.deleteProperty(globalThis, STATE);
}

/** Gives the only token in the cache to other resources as well, under the keys it would have there. */
export function spreadToken(resource, others) {
  const { tokens } = globalThis[STATE];
  const clock = { now: Date.now, setBackMs: () => 0 };
  let found;
  tokens.deleteWhere((key, entry) => {
    if (key.includes(resource)) found = { key, entry };
    return false;
  });
  for (const other of others) tokens.set(found.key.replace(resource, other), found.entry, clock);
}
