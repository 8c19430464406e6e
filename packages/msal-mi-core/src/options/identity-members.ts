/** Members that look as if they chose an identity: one that nothing reads would give the token of another identity (D38). */

const SPELLINGS: ReadonlyArray<readonly [pattern: RegExp, name: string]> = [
  [/res(?:ource)?id$/, 'userAssignedResourceId'],
  [/(?:object|principal)id$/, 'userAssignedObjectId'],
];

/**
 * Refuses members of `options` that look as if they chose a managed identity and do not.
 *
 * @param known - Members that are read.
 * @param refusal - Makes the error of what is wrong and what to write.
 */
export function refuseIdentityLookAlikes(
  where: string,
  options: object,
  known: ReadonlySet<string>,
  refusal: (message: string) => Error,
): void {
  for (const name of namesOf(options)) {
    if (known.has(name) || !looksLikeIdentity(name)) continue;
    throw refusal(`${where} has no member ${JSON.stringify(name)}. ${spellingOf(name)}`);
  }
}

/** Of the members that were passed: its own and those of its class, and not what something has set on Object.prototype. */
export function namesOf(options: object): string[] {
  const names: string[] = [];
  for (const name in options) if (!(name in Object.prototype) || Object.hasOwn(options, name)) names.push(name);
  return names;
}

/** Says how an identity is written, for something that was passed in its place. */
export function spellingOf(name: string): string {
  const plain = lettersOf(name);
  const member = SPELLINGS.find(([pattern]) => pattern.test(plain))?.[1] ?? 'userAssignedClientId';
  return `A user-assigned identity is written managedIdentityIdParams: { ${member}: '...' }.`;
}

function looksLikeIdentity(name: string): boolean {
  const plain = lettersOf(name);
  return /identity|^u?a?msi|assigned/.test(plain) || /(?:client|resource|res|object|principal)id$/.test(plain);
}

const lettersOf = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');
