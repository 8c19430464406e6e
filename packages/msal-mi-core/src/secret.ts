/** Keeps secrets out of everything people read. */

const JWT = /eyJ[\w-]{4,}\.[\w-]*\.?[\w.-]*/g;
const LONG_BASE64 = /[A-Za-z0-9+/_-]{64,}={0,2}/g;
const PEM = /-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g;
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu;
const MAX_LENGTH = 800;
const MASK = '<redacted>';

/**
 * Makes foreign text fit for a message: every value of `secrets`, and everything that looks like a token, a certificate
 * or a key, is masked; control characters go; the length is bounded.
 */
export function redact(text: string, secrets: Iterable<string> = []): string {
  let safe = text.slice(0, 64 * MAX_LENGTH);
  for (const secret of secrets) if (secret.length >= 4) safe = safe.replaceAll(secret, MASK);
  safe = safe.replace(PEM, MASK).replace(JWT, MASK).replace(LONG_BASE64, MASK).replace(CONTROL, ' ').trim();
  return safe.length > MAX_LENGTH ? `${safe.slice(0, MAX_LENGTH)}…` : safe;
}

/** Every string inside a JSON text, and the text itself: what must not be repeated when a service echoes claims. */
export function stringsInJson(json: string): string[] {
  const found = [json];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') found.push(value);
    else if (Array.isArray(value)) value.forEach(collect);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) {
        found.push(name);
        collect(member);
      }
    }
  };
  try {
    collect(JSON.parse(json));
  } catch {
    // Not JSON: the text itself is all there is.
  }
  return found.sort((a, b) => b.length - a.length);
}

/** What may be said of an error that was not made here: its name and its code, never its message. */
export function summarizeForeignError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : error.name.slice(0, 64);
}
