/**
 * Who may import whom, as data. `docs/architecture.md` says it in words; `.dependency-cruiser.mjs` enforces it.
 *
 * A layer is a file or a folder of `src`. `may` lists the layers it may import from, besides itself; `types` those it may
 * import types from. A file that belongs to no layer is an error: new folders get a row here first.
 */

/** What every layer may use: plain types, error codes, values that do not print, a guard for options. */
const BASE = ['model', 'errors', 'secret', 'json', 'hosts', 'loopback', 'options'];

/** What everything above the ports may use besides: it knows neither the protocol nor a platform. */
const COMMON = ['diagnostics', 'time', 'version', 'call', 'host-platform'];

/** Stages of the flow. They never import one another: only `request` and `client` know their order. */
const STAGE = [...BASE, ...COMMON, 'ports', 'crypto', 'transport', 'imds', 'cache'];

/** The stages and what they end in: for those who compose them. */
const STAGES = ['source', 'binding', 'token', 'attestation', 'fetch', 'mtls-fetch', 'msal-node', 'result'];

/** Subpath entry points: users of the public surface, with the token exchange as the one shared inner part. */
const ENTRY_POINT = [...BASE, ...COMMON, 'index', 'ports', 'token'];

export const CORE_LAYERS = {
  model: { files: ['model.ts', 'public-types.ts', 'public-types/'], may: [], types: ['errors', 'secret', 'ports'] },
  errors: { files: ['errors.ts', 'error-codes.ts', 'advice.ts'], may: [], types: ['model', 'secret', 'ports'] },
  secret: { files: ['secret.ts', 'secret-echoes.ts'], may: [], types: ['model', 'errors'] },
  json: { files: ['json.ts'], may: [] },
  hosts: { files: ['hosts.ts'], may: [] },
  loopback: { files: ['loopback.ts'], may: [] },
  options: { files: ['options/'], may: ['errors', 'json', 'model', 'diagnostics'] },
  call: { files: ['call.ts'], may: [], types: ['diagnostics', 'ports'] },
  ports: { files: ['ports.ts'], may: ['model', 'errors'] },
  config: { files: ['config.ts'], may: [...BASE, 'ports'] },
  crypto: { files: ['crypto/'], may: ['model', 'errors', 'json'] },
  version: { files: ['version.ts'], may: [] },
  'host-platform': { files: ['host-platform.ts'], may: [] },
  time: { files: ['time/'], may: [...BASE, 'ports'] },
  diagnostics: { files: ['diagnostics/'], may: [...BASE, 'ports'] },
  transport: { files: ['transport/'], may: [...BASE, ...COMMON, 'ports', 'crypto'] },
  imds: { files: ['imds/'], may: [...BASE, ...COMMON, 'ports', 'crypto', 'transport', 'cache'] },
  cache: { files: ['cache/'], may: [...BASE, ...COMMON, 'ports', 'crypto'] },
  source: { files: ['source/'], may: STAGE, types: ['config'] },
  binding: { files: ['binding/'], may: [...STAGE, 'fetch', 'attestation'] },
  token: { files: ['token/'], may: STAGE },
  fetch: { files: ['fetch/'], may: STAGE },
  'mtls-fetch': { files: ['mtls-fetch/'], may: [...STAGE, 'fetch', 'result'] },
  // The one place that loads @azure/msal-node.
  'msal-node': { files: ['msal-node/'], may: STAGE },
  attestation: { files: ['attestation/'], may: STAGE },
  result: { files: ['result.ts'], may: [...BASE, 'ports', 'crypto'] },
  request: { files: ['request/'], may: [...STAGE, ...STAGES], types: ['config'] },
  platform: {
    files: ['platform/'],
    may: ['model', 'errors', 'ports', 'crypto', 'time', 'hosts', 'loopback', 'host-platform'],
  },
  // The public class, and what it is composed of: everything, loaded with its first call.
  client: {
    files: ['client.ts', 'composition.ts'],
    may: [...STAGE, ...STAGES, 'config', 'request', 'platform'],
  },
  fic: {
    files: ['fic/'],
    may: [
      ...ENTRY_POINT,
      'binding',
      'client',
      'config',
      'cache',
      'crypto',
      'fetch',
      'mtls-fetch',
      'request',
      'result',
      'transport',
    ],
  },
  azure: { files: ['azure/'], may: [...ENTRY_POINT, 'config', 'fetch', 'mtls-fetch', 'options'] },
  // The JSON configuration of Microsoft Identity Web, behind the subpath downstream-api.
  'identity-web': {
    files: ['identity-web/'],
    may: [...ENTRY_POINT, 'client', 'fetch', 'mtls-fetch', 'msal-node', 'fic', 'result'],
  },
  'resource-server': { files: ['resource-server/'], may: [...ENTRY_POINT, 'crypto', 'transport'] },
  otel: { files: ['otel/'], may: ENTRY_POINT },
  // Looks behind the public surface on purpose: it names which part of the host does not play along.
  cli: {
    files: ['cli/'],
    may: [...STAGE, 'result', 'client', 'config', 'attestation', 'source', 'platform', 'mtls-fetch'],
  },
  index: {
    files: ['index.ts'],
    may: [...BASE, 'ports', 'client', 'config', 'result', 'fetch', 'mtls-fetch', 'fic', 'attestation', 'diagnostics'],
  },
};

/** Rows that others name, for `docs/architecture.md`. */
export const GROUPS = { base: BASE, common: COMMON, stage: STAGE, stages: STAGES, 'entry point': ENTRY_POINT };
