/** `npm run check`: everything that is not a test and must hold all the same. */
import { runParts } from './parts.mjs';

const CHECKS = [
  'build',
  'typecheck',
  'lint',
  'lint:imports',
  'lint:rules',
  'house:check',
  'format:check',
  'knip',
  'api:check',
  'errors:check',
  'snippets:check',
  'notices:check',
];

runParts('npm run check', [
  {
    name: 'types, lint, imports, citations, architecture, format, unused code, public API, documentation, notices',
    command: 'turbo',
    args: ['run', ...CHECKS, '--log-order=grouped', '--output-logs=errors-only'],
  },
]);
