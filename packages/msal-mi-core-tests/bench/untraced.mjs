/**
 * Loader hooks for a second copy of msal-mi-core whose tracing is compiled out: `<entry point>?untraced`. Every module of
 * the copy is loaded from the same file; only `diagnostics/channels.js` never asks whether anybody listens.
 */
const MARK = '?untraced';
const CHANNELS = '/diagnostics/channels.js';

export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  const parent = context.parentURL ?? '';
  const isOfCopy = parent.endsWith(MARK) && !parent.includes(CHANNELS) && specifier.startsWith('.');
  return isOfCopy ? { ...resolved, url: resolved.url + MARK } : resolved;
}

export async function load(url, context, next) {
  if (!url.endsWith(CHANNELS + MARK)) return next(url, context);
  const original = JSON.stringify(url.slice(0, -MARK.length));
  const source = `
    export * from ${original};
    export const isTraced = () => false;
    export const trace = (_work, _correlationId, run) => run();
  `;
  return { format: 'module', source, shortCircuit: true };
}
