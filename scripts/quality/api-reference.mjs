/**
 * What the doc comments of the sources say, as pages: `docs/api/` by TypeDoc, one for each entry point of the published packages,
 * and the tables of `docs/configuration.md`. `node scripts/quality/api-reference.mjs` fails when a page is out of date, with
 * `--update` it writes them.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { Application, LogLevel, ReflectionKind } from 'typedoc';
import { format, resolveConfig } from 'prettier';
import { configurationPage, rejectionProblems } from './configuration-page.mjs';
import { entryPoints, publishedPackages, root } from '../workspace.mjs';

const reference = resolve(root, 'docs/api');
const configuration = resolve(root, 'docs/configuration.md');
const scratch = resolve(root, 'node_modules/.cache/api-reference');
const update = process.argv.includes('--update');

/** What has to say what it means. Nothing is left out: members of types in types and parameters too. */
const DOCUMENTED = [
  'Class',
  'Interface',
  'TypeAlias',
  'Variable',
  'Function',
  'Method',
  'Property',
  'Parameter',
  'Accessor',
];

/** The file of each entry point, and the name that users import it by. */
const modules = new Map(
  publishedPackages().flatMap(({ folder, manifest }) =>
    entryPoints(manifest).map(({ subpath, conditions }) => [
      resolve(folder, conditions.import.types.replace('./dist/', 'src/').replace('.d.ts', '.ts')),
      `${manifest.name}${subpath.slice(1)}`,
    ]),
  ),
);

rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });
const { pages, project } = await render(resolve(scratch, 'pages'));
const { text, problems } = configurationPage(project, textOf(configuration));
const formatted = await format(text, { ...(await resolveConfig(configuration)), parser: 'markdown' });
// Doc comments are shown where the packages are used: the rules and pages of this repository are not there.
const pointers = [...pages].flatMap(([name, page]) =>
  [...page.matchAll(/\(D\d+\)|\bdocs\/[\w-]+\.md/g)].map(
    ([pointer]) => `docs/api/${name}: ${pointer} is not in the package.`,
  ),
);
const silent = rejectionProblems(project, textOf(resolve(root, 'docs/rejections.md')));
for (const problem of [...problems, ...pointers, ...silent]) console.error(problem);
if (problems.length + pointers.length + silent.length > 0) process.exitCode = 1;
const written = existsSync(reference) ? readdirSync(reference, { recursive: true, withFileTypes: true }) : [];
const stale = written
  .filter((entry) => entry.isFile())
  .map((entry) => relative(reference, resolve(entry.parentPath, entry.name)).replaceAll('\\', '/'))
  .filter((name) => !pages.has(name));

if (update) {
  rmSync(reference, { recursive: true, force: true });
  for (const [name, text] of pages) {
    mkdirSync(resolve(reference, name, '..'), { recursive: true });
    writeFileSync(resolve(reference, name), text);
  }
  writeFileSync(configuration, formatted);
} else {
  const differing = [...pages]
    .filter(([name, text]) => textOf(resolve(reference, name)) !== text)
    .map(([name]) => name);
  for (const name of [...differing, ...stale]) console.error(`docs/api/${name} does not match the doc comments.`);
  const isConfigurationStale = formatted !== textOf(configuration);
  if (isConfigurationStale) console.error('docs/configuration.md does not match the doc comments.');
  if (isConfigurationStale || differing.length + stale.length > 0) {
    console.error('Run: pnpm reference:update');
    process.exitCode = 1;
  }
}

/** @returns the text of each page by its path below docs/api, and what TypeDoc knows */
async function render(out) {
  const tsconfig = resolve(scratch, 'tsconfig.json');
  // By these paths a type of one package is a link on the page of another.
  const paths = Object.fromEntries([...modules].map(([file, name]) => [name, [file]]));
  const compilerOptions = { noEmit: true, types: ['node'], typeRoots: [resolve(root, 'node_modules/@types')], paths };
  const files = [...modules.keys()];
  writeFileSync(tsconfig, JSON.stringify({ extends: resolve(root, 'tsconfig.base.json'), compilerOptions, files }));

  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    outputs: [{ name: 'markdown', path: out }],
    tsconfig,
    entryPoints: files,
    basePath: resolve(root, 'packages'),
    name: 'API reference',
    readme: 'none',
    logLevel: LogLevel.Warn,
    treatWarningsAsErrors: true,
    skipErrorChecking: true, // The compiler has its own task.
    excludeExternals: true,
    excludePrivate: true,
    excludeInternal: true,
    disableSources: true,
    githubPages: false,
    // One page for each entry point, without chrome.
    outputFileStrategy: 'modules',
    entryFileName: 'README',
    modulesFileName: 'modules',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    ...Object.fromEntries(
      [
        'parameters',
        'interfaceProperties',
        'classProperties',
        'typeAliasProperties',
        'propertyMembers',
        'typeDeclaration',
      ].map((kind) => [`${kind}Format`, 'table']),
    ),
    typeDeclarationVisibility: 'verbose',
    useHTMLAnchors: true,
    expandObjects: true,
    validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
    requiredToBeDocumented: DOCUMENTED,
    packagesRequiringDocumentation: publishedPackages().map(({ manifest }) => manifest.name),
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('TypeDoc could not read the sources.');
  // A function type names its parameters; it has no comment that could describe them.
  const ofFunctionTypes = project
    .getReflectionsByKind(ReflectionKind.Parameter)
    .filter((parameter) => isOfFunctionType(parameter) && !parameter.hasComment())
    .map((parameter) => parameter.getFriendlyFullName());
  app.options.setValue('intentionallyNotDocumented', ofFunctionTypes);
  app.validate(project);
  // TypeDoc calls them msal-mi-core/src and msal-mi-core/src/azure.
  const pathOf = (file) => relative(resolve(root, 'packages'), file).replaceAll('\\', '/');
  const names = new Map([...modules].map(([file, name]) => [pathOf(file).replace(/(\/index)?\.ts$/, ''), name]));
  for (const module of project.children) module.name = names.get(module.name);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1);
  const written = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.md'))
    .map((entry) => resolve(entry.parentPath, entry.name));
  const pages = new Map(written.map((file) => [relative(out, file).replaceAll('\\', '/'), readFileSync(file, 'utf8')]));
  return { pages, project };
}

/** TypeDoc leaves out by itself what belongs to the type of a parameter. */
function isOfFunctionType({ parent: signature }) {
  const ancestors = [];
  for (let ancestor = signature?.parent; ancestor !== undefined; ancestor = ancestor.parent) ancestors.push(ancestor);
  return (
    ancestors[0]?.kindOf(ReflectionKind.TypeLiteral) === true &&
    !ancestors.some((ancestor) => ancestor.kindOf(ReflectionKind.Parameter))
  );
}

function textOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').replaceAll('\r\n', '\n') : undefined;
}
