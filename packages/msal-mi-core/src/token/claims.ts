/** The claims parameter: checked with the other options of a request, merged here (D20). */
import { isJsonObject, parseJsonObject, type JsonObject } from '../json.js';

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
  const texts = [claims, claimsFromClient].filter((text) => text !== undefined);
  if (capabilities.length === 0 && texts.length < 2) return texts[0];
  const merged = texts.map((text) => parseJsonObject(text) ?? {}).reduce(deepMerge, {});
  if (capabilities.length === 0) return JSON.stringify(merged);
  return JSON.stringify(deepMerge(merged, { access_token: { xms_cc: { values: [...capabilities] } } }));
}

/** Own members only, and defined rather than assigned: "__proto__" is a member name like any other. */
function deepMerge(target: JsonObject, source: JsonObject): JsonObject {
  const merged: JsonObject = {};
  const define = (name: string, value: unknown) =>
    Object.defineProperty(merged, name, { value, enumerable: true, writable: true, configurable: true });
  for (const [name, value] of Object.entries(target)) define(name, value);
  for (const [name, value] of Object.entries(source)) {
    const existing = Object.hasOwn(merged, name) ? merged[name] : undefined;
    define(name, isJsonObject(existing) && isJsonObject(value) ? deepMerge(existing, value) : value);
  }
  return merged;
}
