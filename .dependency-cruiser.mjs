/** Who may import whom, as rules of dependency-cruiser: `pnpm lint:imports`. The table itself is scripts/lint/layers.mjs. */
import { CORE_LAYERS } from './scripts/lint/layers.mjs';

const CORE = '^packages/msal-mi-core/src/';
const ATTESTATION = '^packages/msal-key-attestation/src/';
const EMULATOR = '^packages/msal-mi-emulator/src/';
const PUBLISHED = '^packages/msal-[^/]+/src/';
const DISCOVERY = `${CORE}attestation/discover[.]ts$`;
/** A package of this workspace, wherever it was found: by its link, by its folder, or not at all. */
const named = (name) => `(^|/)${name}(/|$)`;

/** A layer's files. Entries that end with a slash are folders. */
const files = (layer) => {
  const entries = CORE_LAYERS[layer].files.map((entry) => entry.replaceAll('.', '[.]'));
  return `${CORE}(${entries.map((entry) => (entry.endsWith('/') ? entry : `${entry}$`)).join('|')})`;
};
const rule = (name, from, to) => ({ name, severity: 'error', from, to });

const layerRules = Object.entries(CORE_LAYERS).flatMap(([layer, { may, types = [] }]) => [
  rule(
    `${layer} imports only its own row`,
    { path: files(layer) },
    { path: CORE, pathNot: [layer, ...may, ...types].map(files) },
  ),
  ...types.map((other) =>
    rule(
      `${layer} imports only types from ${other}`,
      { path: files(layer) },
      { path: files(other), dependencyTypesNot: ['type-only'] },
    ),
  ),
]);

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layerRules,
    // Stages are called. The order of the stages stands in request/ alone.
    rule(
      'no way leads from a stage back to request',
      { path: ['binding', 'token', 'imds'].map(files) },
      { path: files('request'), reachable: true },
    ),
    rule('no circle', { path: PUBLISHED }, { circular: true }),
    // Above src are package.json, for the version, and the loader of the addon, which goes by the name #native.
    rule(
      'no path leaves the src folder',
      { path: '^packages/([^/]+)/src/' },
      {
        path: '^packages/',
        pathNot: '^packages/$1/(src/|package[.]json$)',
        dependencyTypes: ['local'],
        dependencyTypesNot: ['aliased-subpath-import'],
      },
    ),
    rule('nothing imports the tests', { path: PUBLISHED }, { path: named('msal-mi-core-tests') }),
    // Found at run time when it is installed: msal-mi-core never depends on it.
    rule(
      'only attestation/discover.ts loads msal-key-attestation',
      { path: CORE, pathNot: DISCOVERY },
      { path: named('msal-key-attestation') },
    ),
    rule(
      'msal-key-attestation is loaded by import()',
      { path: DISCOVERY },
      { path: named('msal-key-attestation'), dynamic: false },
    ),
    rule(
      'msal-key-attestation imports only types of msal-mi-core',
      { path: ATTESTATION },
      { path: named('msal-mi-core'), dependencyTypesNot: ['type-only'] },
    ),
    // The emulator stands for other people's services: it shares no code with what it tests.
    rule(
      'the emulator stands alone',
      { path: EMULATOR },
      { path: ['msal-mi-core', 'msal-key-attestation'].map(named) },
    ),
    rule('nothing imports the emulator', { path: [CORE, ATTESTATION] }, { path: named('msal-mi-emulator') }),
  ],
  required: [
    {
      name: 'every file belongs to a layer',
      severity: 'error',
      module: { path: CORE, pathNot: Object.keys(CORE_LAYERS).map(files) },
      to: { path: '^a row in scripts/lint/layers[.]mjs$' },
    },
  ],
  options: {
    tsPreCompilationDeps: 'specify',
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exoticRequireStrings: ['require.resolve'],
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.cjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import'],
    },
  },
};
