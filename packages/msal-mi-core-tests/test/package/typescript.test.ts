/** The declarations of the packed packages, in every release of TypeScript and every way in which it finds modules. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Installation, installLocked } from './support/installation.js';
import { NPM } from './support/managers.js';
import { PUBLISHED, entryPointsOf, optionalPeersOf, tarballOf } from './support/tarballs.js';

const COMPILERS = resolve(import.meta.dirname, '../../azure-sdk/node24');
/** At night, all of them: they differ in little. */
const RELEASES =
  process.env['MSAL_MI_NIGHTLY'] === undefined
    ? ['5.4', '7.0']
    : ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0', '7.0'];
const RESOLUTIONS = {
  node10: { module: 'commonjs', moduleResolution: 'node10', type: 'commonjs' },
  'node16 from CommonJS': { module: 'node16', moduleResolution: 'node16', type: 'commonjs' },
  'node16 from ES modules': { module: 'node16', moduleResolution: 'node16', type: 'module' },
  bundler: { module: 'esnext', moduleResolution: 'bundler', type: 'module' },
};
type Resolution = keyof typeof RESOLUTIONS;
const MATRIX = RELEASES.flatMap((release) =>
  (Object.keys(RESOLUTIONS) as Resolution[])
    // TypeScript 7 has dropped it.
    .filter((resolution) => resolution !== 'node10' || release !== '7.0')
    .map((resolution) => [release, resolution] as const),
);

const application = new Installation();
afterAll(() => application.remove());

beforeAll(() => {
  installLocked(COMPILERS);
  const peers = optionalPeersOf('msal-mi-core').filter((name) => !name.startsWith('@types/node@'));
  expect(NPM.install(application, ...PUBLISHED.map(tarballOf), ...peers)).toMatchObject({ status: 0 });
}, 600_000);

function check(release: string, resolution: Resolution, program: string, types = ['node']) {
  const { type, module, moduleResolution } = RESOLUTIONS[resolution];
  application.write('package.json', JSON.stringify({ name: 'application', private: true, type }));
  application.write('program.ts', program);
  const compilerOptions = {
    ...{ module, moduleResolution, target: 'es2022', lib: ['es2023'], types },
    ...{ strict: true, noEmit: true, skipLibCheck: true, exactOptionalPropertyTypes: true },
    ...(resolution === 'node10' && release === '6.0' && { ignoreDeprecations: '6.0' }),
  };
  application.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['program.ts'] }));
  const tsc = join(COMPILERS, `node_modules/typescript-${release}/bin/tsc`);
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', application.folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  return stdout;
}

const PROGRAM = [
  ...PUBLISHED.flatMap(entryPointsOf).map((name, index) => `import * as entry${index} from '${name}';`),
  "import { ManagedIdentityApplication, type MtlsPopAuthenticationResult } from 'msal-mi-core';",
  'export const all: object[] = [' +
    PUBLISHED.flatMap(entryPointsOf)
      .map((_, index) => `entry${index}`)
      .join(', ') +
    '];',
  'export async function use(): Promise<string> {',
  '  const request = { resource: "https://vault.azure.net", mtlsProofOfPossession: true } as const;',
  '  const result: MtlsPopAuthenticationResult = await new ManagedIdentityApplication().acquireToken(request);',
  '  return result.bindingCertificate.toX509Certificate().subject;',
  '}',
].join('\n');

/** TypeScript 6 and 7 include no @types by default: what is there does not matter then. */
it.each(RELEASES)(
  'compile without the types of Node.js where libraries are not checked, with TypeScript %s',
  (release) => {
    expect(existsSync(join(application.folder, 'node_modules/@types/node'))).toBe(false);
    expect(check(release, 'node16 from ES modules', PROGRAM, [])).toBe('');
    const wrong = PROGRAM.replace('result.bindingCertificate', 'result.certificateOfNobody');
    expect(check(release, 'node16 from ES modules', wrong, [])).toMatch(/TS2339: Property 'certificateOfNobody'/);
  },
  120_000,
);

describe('with the types of Node.js', () => {
  beforeAll(() => {
    mkdirSync(join(application.folder, 'node_modules/@types'), { recursive: true });
    for (const name of ['@types/node', 'undici-types']) {
      symlinkSync(join(COMPILERS, 'node_modules', name), join(application.folder, 'node_modules', name), 'junction');
    }
  });

  it.each(MATRIX)(
    'compile with TypeScript %s and %s',
    (release, resolution) => {
      expect(check(release, resolution, PROGRAM)).toBe('');
      // A type of Node.js that was not found would be any, and fit everything.
      const wrong = PROGRAM.replace('.subject;', '.subjectOfNobody;');
      expect(check(release, resolution, wrong)).toMatch(
        /TS2339: Property 'subjectOfNobody' does not exist on type 'X509/,
      );
    },
    120_000,
  );
});
