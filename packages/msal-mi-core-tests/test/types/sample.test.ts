import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';

const SAMPLE = resolve(import.meta.dirname, 'sample.ts');
const BUILT_DECLARATIONS = /\/packages\/msal-(mi-core|key-attestation|mi-emulator)\/dist\//;

const BASE: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2023.d.ts'],
  strict: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  types: ['node'],
};

/** The declarations of Node and of the language: parsed once for all programs. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** Errors in the sample and in the declarations this workspace publishes; those of other packages are not looked at. */
function errorsOf(source: string, options: ts.CompilerOptions): string[] {
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  host.readFile = (path) => (path === SAMPLE ? source : readFile(path));
  host.getSourceFile = (path, languageVersion, ...rest) => {
    if (path === SAMPLE) return ts.createSourceFile(path, source, languageVersion);
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, languageVersion, ...rest));
    return parsed.get(path);
  };
  const program = ts.createProgram([SAMPLE], options, host);
  const checked = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName === SAMPLE || BUILT_DECLARATIONS.test(host.realpath?.(fileName) ?? fileName));
  // The sample, and at least one declaration of ours: else the check looked at nothing.
  expect(checked.length).toBeGreaterThan(1);
  return [
    ...program.getOptionsDiagnostics(),
    ...checked.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ].map(({ file, start, messageText }) => {
    const where = file ? `${file.fileName}:${file.getLineAndCharacterOfPosition(start ?? 0).line + 1} ` : '';
    return where + ts.flattenDiagnosticMessageText(messageText, '\n');
  });
}

const manifest = readFileSync(resolve(import.meta.dirname, '../../../msal-mi-core/package.json'), 'utf8');
/** What may be missing: the last entry point that joins the package, until it does. */
const MISSING = manifest.includes('"./azure"')
  ? []
  : [expect.stringContaining("Cannot find module 'msal-mi-core/azure'")];

describe('the sample of the public surface', () => {
  const sample = readFileSync(SAMPLE, 'utf8');

  it('type-checks against the built packages without the DOM library, with exact optional properties', () => {
    expect(errorsOf(sample, { ...BASE, exactOptionalPropertyTypes: true })).toEqual(MISSING);
  });

  it('type-checks with the DOM library and without exact optional properties', () => {
    const lib = ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'];
    expect(errorsOf(sample, { ...BASE, lib })).toEqual(MISSING);
  });

  it('fails when the surface loses something it uses', () => {
    const broken = sample.replaceAll('x5tS256', 'x5tS257');
    expect(broken).not.toBe(sample);
    expect(errorsOf(broken, { ...BASE, exactOptionalPropertyTypes: true })).toContainEqual(
      expect.stringContaining("Property 'x5tS257' does not exist"),
    );
  });
});
