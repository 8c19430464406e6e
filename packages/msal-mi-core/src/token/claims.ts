/** The claims parameter: validated before any I/O, merged without ever echoing its text (D20). */
import { MsiV2Error } from '../errors.js';

type JsonObject = Record<string, unknown>;

/** @throws MsiV2Error `invalid_json_claims_format` when `text` is not a JSON object. */
export function validateClaims(name: 'claims' | 'claimsFromClient', text: string): void {
  parseClaims(name, text);
}

/**
 * The value of the claims parameter, or undefined when there is nothing to send. A single source is sent verbatim.
 * On conflicts `claimsFromClient` wins over `claims`, and the capabilities over both; arrays are replaced, not joined.
 */
export function mergeClaims(parts: {
  readonly claims: string | undefined;
  readonly claimsFromClient: string | undefined;
  readonly capabilities: readonly string[];
}): string | undefined {
  const { claims, claimsFromClient, capabilities } = parts;
  const texts = (['claims', 'claimsFromClient'] as const).flatMap((name) => {
    const text = parts[name];
    return text === undefined ? [] : [{ name, text }];
  });
  if (capabilities.length === 0 && texts.length < 2) return claims ?? claimsFromClient;
  const sources = texts.map(({ name, text }) => parseClaims(name, text));
  if (capabilities.length > 0) sources.push({ access_token: { xms_cc: { values: [...capabilities] } } });
  return JSON.stringify(sources.reduce(deepMerge, {}));
}

function parseClaims(name: string, text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined; // The parser's message quotes the text.
  }
  if (!isObject(value)) {
    throw new MsiV2Error('invalid_json_claims_format', { message: `${name} is not a JSON object.` });
  }
  return value;
}

/** Own members only, and defined rather than assigned: "__proto__" is a member name like any other. */
function deepMerge(target: JsonObject, source: JsonObject): JsonObject {
  const merged: JsonObject = {};
  const define = (name: string, value: unknown) =>
    Object.defineProperty(merged, name, { value, enumerable: true, writable: true, configurable: true });
  for (const [name, value] of Object.entries(target)) define(name, value);
  for (const [name, value] of Object.entries(source)) {
    const existing = Object.hasOwn(merged, name) ? merged[name] : undefined;
    define(name, isObject(existing) && isObject(value) ? deepMerge(existing, value) : value);
  }
  return merged;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
