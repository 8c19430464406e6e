/** What is written on a certificate in CurrentUser\My, so that it is found again (D18). */

/** With this every name starts: by it our entries are told from everybody else's. */
export const FRIENDLY_NAME_PREFIX = 'MSAL-MI|';

export interface FriendlyName {
  readonly alias: string;
  /** Base of the token endpoint with tenant. */
  readonly endpoint: string;
}

const SEPARATORS = ['|', '\r', '\n', '\0'];

/** Undefined when one of both is blank or contains what separates. */
export function encodeFriendlyName({ alias, endpoint }: FriendlyName): string | undefined {
  const values = [alias.trim(), endpoint.trim()] as const;
  if (values.some((value) => value === '' || SEPARATORS.some((separator) => value.includes(separator))))
    return undefined;
  return `${FRIENDLY_NAME_PREFIX}alias=${values[0]}|ep=${values[1]}`;
}

/** Undefined for names that are not ours or lack a part. Unknown parts are ignored, the last of two equal ones counts. */
export function decodeFriendlyName(name: string): FriendlyName | undefined {
  if (!name.startsWith(FRIENDLY_NAME_PREFIX)) return undefined;
  const parts = new Map<string, string>();
  for (const part of name.split('|')) {
    const equals = part.indexOf('=');
    if (equals > 0) parts.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  const alias = parts.get('alias') ?? '';
  const endpoint = parts.get('ep') ?? '';
  return alias === '' || endpoint === '' ? undefined : { alias, endpoint };
}
