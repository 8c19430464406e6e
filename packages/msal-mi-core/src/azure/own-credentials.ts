/** Known by identity, so that neither a copy of the members nor a proxy is taken for one; by both builds of this library. */
const OWN: unique symbol = Symbol.for('msal-mi/azure-credentials') as never;

const holder = globalThis as { [OWN]?: WeakSet<object> | undefined };

export function rememberCredential(credential: object): void {
  holder[OWN] ??= new WeakSet();
  holder[OWN].add(credential);
}

export function isOwnCredential(value: unknown): boolean {
  return typeof value === 'object' && value !== null && holder[OWN]?.has(value) === true;
}
