/** Known by identity, so that neither a copy of the members nor a proxy is taken for one; by both builds of this library. */
const OWN: unique symbol = Symbol.for('msal-mi/azure-credentials/kinds') as never;

/** What the tokens of a credential are, and with it who sends them. */
export type CredentialKind = 'bound' | 'bearer';

const holder = globalThis as { [OWN]?: WeakMap<object, CredentialKind> | undefined };

export function rememberCredential(credential: object, kind: CredentialKind): void {
  holder[OWN] ??= new WeakMap();
  holder[OWN].set(credential, kind);
}

/** Undefined for what is not a MtlsManagedIdentityCredential. */
export function kindOfCredential(value: unknown): CredentialKind | undefined {
  return typeof value === 'object' && value !== null ? holder[OWN]?.get(value) : undefined;
}
