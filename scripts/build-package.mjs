/**
 * Builds the package of the working directory twice: `dist` (ES modules) and `dist-cjs` (CommonJS), file by file, which
 * `isolatedModules` allows. Types are not checked here, which would take most of the time, but by the task `typecheck`,
 * before every merge and release.
 *
 * What users download is kept small: comments stay in the declarations, where editors show them; declarations that no entry
 * point leads to are not written, nor is the code of modules that hold types only; code is not indented; in CommonJS only entry
 * points say that they were ES modules. Names and lines of the code stay as they are, for stack traces.
 *
 * Output of files that are gone does not stay behind.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import './share-loader.mjs';
import { entryPoints } from './workspace.mjs';

const FORMAT = {
  getCurrentDirectory: ts.sys.getCurrentDirectory,
  getCanonicalFileName: (f) => f,
  getNewLine: () => '\n',
};
/** Comments that bundlers read: they have to stay in the code. */
const FOR_BUNDLERS = /\/\*\s*(?:webpack\w+:|@vite-ignore)/;
/** What is left of a module that holds types only. No module imports it at run time. */
const NO_CODE =
  /^(?:"use strict";\s*Object\.defineProperty\(exports, "__esModule", \{ value: true \}\);|export \{\};)\s*$/;

const ENTRY_POINTS = entryPoints(JSON.parse(readFileSync('package.json', 'utf8')));

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

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** @returns the text of each declaration, by path below the output folder */
function declarations({ fileNames, options }) {
  const program = ts.createProgram(fileNames, { ...options, noCheck: true });
  const texts = new Map();
  const collect = (path, text) => texts.set(relative(options.outDir, path).replaceAll('\\', '/'), text);
  const { diagnostics } = program.emit(undefined, collect, undefined, true);
  const problems = ts.sortAndDeduplicateDiagnostics([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
  if (problems.length > 0) fail(problems);
  return texts;
}

/** The declarations that the entry points of the manifest lead to. */
function reachable(texts) {
  const found = new Set(ENTRY_POINTS.map(({ conditions }) => relative('dist', conditions.import.types)));
  for (const path of found) {
    for (const { fileName } of ts.preProcessFile(texts.get(path)).importedFiles) {
      if (fileName.startsWith('.')) found.add(join(dirname(path), fileName.replace(/\.js$/, '.d.ts')));
    }
  }
  return [...found].filter((path) => texts.has(path));
}

function writeModules({ fileNames, options }, module) {
  // transpileModule knows one file and no folders.
  const compilerOptions = { ...options, module, declaration: false };
  for (const name of ['rootDir', 'outDir', 'moduleResolution']) delete compilerOptions[name];
  for (const fileName of fileNames.filter((name) => !name.endsWith('.d.ts'))) {
    const source = readFileSync(fileName, 'utf8');
    const { outputText, diagnostics } = ts.transpileModule(source, {
      fileName,
      compilerOptions: { ...compilerOptions, removeComments: !FOR_BUNDLERS.test(source) },
      reportDiagnostics: true,
    });
    if (diagnostics.length > 0) fail(diagnostics);
    if (NO_CODE.test(outputText)) continue;
    const path = join(options.outDir, relative(options.rootDir, fileName).replace(/\.ts$/, '.js'));
    const text = module === ts.ModuleKind.CommonJS ? asCommonJs(outputText, path) : outputText;
    write(path, withoutIndentation(text));
  }
}

function isEntryPoint(path) {
  return ENTRY_POINTS.some(({ conditions }) => resolve(conditions.require.default) === resolve(path));
}

/** What stands in a template literal is text, and stays. */
function withoutIndentation(code) {
  const templates = [];
  const collect = (node) => {
    if (ts.isTemplateLiteralToken(node)) templates.push(node);
    else ts.forEachChild(node, collect);
  };
  collect(ts.createSourceFile('module.js', code, ts.ScriptTarget.Latest));
  const isInTemplate = (offset) => templates.some(({ pos, end }) => pos < offset && offset < end);
  return code.replace(/^ +/gm, (indent, offset) => (isInTemplate(offset) ? indent : ''));
}

function asCommonJs(text, path) {
  const inside = isEntryPoint(path) ? text : text.replace(MARK_OF_MODULE, '').replace(EXPORTS_TO_COME, '');
  return withoutImportsField(withoutInterop(inside.replace(NAME_OF_MODULE, '$1$$$2')), path);
}

/** What the modules of others tell by it how to import from one. */
const MARK_OF_MODULE = /^Object\.defineProperty\(exports, "__esModule", \{ value: true \}\);\n/m;
/** What they find the names of exports by. */
const EXPORTS_TO_COME = /^exports\..+ = void 0;\n/m;
/** Of TypeScript's making, and in each use of what is imported. */
const NAME_OF_MODULE = /\b(\w+)_js_(\d+)\b/g;

const INTEROP_HELPERS = /^var __(?:createBinding|setModuleDefault|importStar) = [^]*?^\}\)\(?.*;\n/gm;

/** A module of this package needs no help to look like one: where only those are loaded later, the helpers go. */
function withoutInterop(text) {
  const direct = text.replace(/\b__importStar\((require\((['"])\.[^'"]+\2\))\)/g, '$1');
  return direct.includes('__importStar(') ? direct : direct.replace(INTEROP_HELPERS, '');
}

/** dist-cjs has a package.json of its own, where the manifest's `imports` do not apply. */
function withoutImportsField(text, path) {
  return text.replaceAll(
    'require("#native")',
    `require("${relative(dirname(path), 'native.cjs').replaceAll('\\', '/')}")`,
  );
}

const esm = readConfig('tsconfig.json');
const cjs = readConfig('tsconfig.cjs.json');
for (const { options } of [esm, cjs]) rmSync(options.outDir, { recursive: true, force: true });

const texts = declarations(esm);
for (const path of reachable(texts)) {
  for (const { options } of [esm, cjs]) write(join(options.outDir, path), texts.get(path));
}
writeModules(esm, ts.ModuleKind.ESNext);
writeModules(cjs, ts.ModuleKind.CommonJS);
write(join(cjs.options.outDir, 'package.json'), '{"type":"commonjs"}\n');
