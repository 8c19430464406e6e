/**
 * Builds the package of the working directory twice: `dist` (ES modules, with declarations) and `dist-cjs` (CommonJS).
 * The second pass only rewrites module syntax, file by file, which `isolatedModules` allows, and takes the declarations of
 * the first. Output of files that are gone does not stay behind. Types are not checked here, which would take most of the
 * time, but by the task `typecheck`, before every merge and release.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const FORMAT = {
  getCurrentDirectory: ts.sys.getCurrentDirectory,
  getCanonicalFileName: (f) => f,
  getNewLine: () => '\n',
};

function fail(diagnostics) {
  process.stderr.write(ts.formatDiagnosticsWithColorAndContext(diagnostics, FORMAT));
  process.exit(1);
}

function readConfig(path) {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => fail([diagnostic]) };
  const config = ts.getParsedCommandLineOfConfigFile(resolve(path), undefined, host);
  if (config.errors.length > 0) fail(config.errors);
  return config;
}

const esm = readConfig('tsconfig.json');
const cjs = readConfig('tsconfig.cjs.json');
rmSync(esm.options.outDir, { recursive: true, force: true });
rmSync(cjs.options.outDir, { recursive: true, force: true });

const program = ts.createProgram(esm.fileNames, { ...esm.options, noCheck: true });
const { diagnostics } = program.emit();
const problems = ts.sortAndDeduplicateDiagnostics([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
if (problems.length > 0) fail(problems);

// transpileModule knows one file and no folders.
const transpileOptions = {
  ...cjs.options,
  rootDir: undefined,
  outDir: undefined,
  declaration: false,
  declarationMap: false,
};
for (const fileName of cjs.fileNames.filter((name) => !name.endsWith('.d.ts'))) {
  const stem = relative(cjs.options.rootDir, fileName).replace(/\.ts$/, '');
  const output = join(cjs.options.outDir, stem);
  const result = ts.transpileModule(readFileSync(fileName, 'utf8'), {
    fileName,
    compilerOptions: transpileOptions,
    reportDiagnostics: true,
  });
  if (result.diagnostics.length > 0) fail(result.diagnostics);
  const map = JSON.parse(result.sourceMapText);
  map.sources = [relative(dirname(output), fileName).replaceAll('\\', '/')];
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(`${output}.js`, result.outputText);
  writeFileSync(`${output}.js.map`, JSON.stringify(map));
  for (const suffix of ['.d.ts', '.d.ts.map']) copyFileSync(join(esm.options.outDir, stem) + suffix, output + suffix);
}
writeFileSync(join(cjs.options.outDir, 'package.json'), '{"type":"commonjs"}\n');
