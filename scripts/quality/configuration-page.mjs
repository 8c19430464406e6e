/**
 * The tables of docs/configuration.md. Those of options and results are written from the doc comments, between the marks
 * `<!-- members: <type> -->` and `<!-- end -->`; that of environment variables is written by hand and compared with the code.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ReflectionKind } from 'typedoc';
import { publishedPackages, root, sourceFiles } from '../workspace.mjs';

const MARKED = /<!-- members: (\w+) -->\n[^]*?<!-- end -->/g;
/** Types of these names are what users pass and get. Each has its table. */
const SHOWN = /(?:Options|Params|Configuration|Result|Capabilities|Certificate|Context)$/;
/** Not read or written by users: what the library calls a provider, a callback or a network module with. */
const NOT_SHOWN = new Set(['NetworkRequestOptions', 'BoundClientAssertionContext', 'TlsClientOptions']);

const DEFAULT = /(?:^|(?<=\. )) ?Default:? ((?:[^.`]|`[^`]*`|\.(?=\w))+)\. ?/;
/** By which rule of docs/protocol.md. Not in the doc comments: their readers do not have that page. */
const RULES = {
  attestationProvider: 14,
  AzureRegion: 31,
  ForceRefresh: 20,
  MinStrength: 2,
  WithAttestationSupport: 3,
  allowedHosts: 30,
  azureRegion: 31,
  audience: 31,
  ca: 28,
  claims: 20,
  claimsFromClient: 20,
  clientAssertion: 31,
  clientCapabilities: 20,
  correlationId: 34,
  disableInternalRetries: 11,
  forwardedCertificate: 36,
  jwks: 36,
  loggerOptions: 34,
  managedIdentityIdParams: 38,
  maxKeySetAgeSeconds: 36,
  minStrength: 2,
  mtlsProofOfPossession: 1,
  networkClient: 28,
  signal: 10,
  timeout: 10,
  trustedProxies: 36,
  withAttestationSupport: 3,
};

/** @returns the page with its tables as the code is now, and what the page lacks or has too much */
export function configurationPage(project, page) {
  const types = new Map(
    project
      .getReflectionsByKind(ReflectionKind.Interface | ReflectionKind.TypeAlias)
      .filter(({ parent }) => parent.kindOf(ReflectionKind.Module))
      .map((type) => [type.name, type]),
  );
  const marked = [...page.matchAll(MARKED)].map(([, name]) => name);
  const problems = [
    ...[...types.keys()]
      .filter((name) => SHOWN.test(name) && !NOT_SHOWN.has(name) && !marked.includes(name))
      .map((name) => `docs/configuration.md has no table of ${name}.`),
    ...marked
      .filter((name) => !types.has(name))
      .map((name) => `docs/configuration.md has a table of ${name}: no such type.`),
    ...Object.keys(RULES)
      .filter((name) => !new RegExp(`^\\| \`(?:.+\\.)?${name}\``, 'm').test(page))
      .map((name) => `docs/configuration.md has no option ${name}: take it out of RULES.`),
    ...variableProblems(page),
  ];
  const text = page.replace(MARKED, (all, name) =>
    types.has(name) ? `<!-- members: ${name} -->\n\n${table(types.get(name))}\n\n<!-- end -->` : all,
  );
  return { text, problems };
}

function table(type) {
  const rows = membersOf(type).map(({ name, member }) => {
    const comment = textOf(member.comment ?? member.signatures?.[0].comment);
    const [, byDefault = ''] = DEFAULT.exec(comment) ?? [];
    const meaning = comment.replace(DEFAULT, '').trim();
    const unset = member.flags.isOptional || !isGiven(type) ? '' : 'required';
    const rule = isGiven(type) ? RULES[member.name] : undefined;
    const link = rule === undefined ? '' : `[D${rule}](protocol.md#d${rule})`;
    return [`\`${name}\``, valuesOf(member), meaning, byDefault || unset, link];
  });
  const head = isGiven(type)
    ? ['option', 'values', 'meaning', 'default', 'rule']
    : ['member', 'values', 'meaning', '', 'rule'];
  const used = head.map((title, index) => title !== '' && (index < 3 || rows.some((row) => row[index] !== '')));
  return [head, head.map(() => '---'), ...rows]
    .map((row) => `| ${row.filter((_cell, index) => used[index]).join(' | ')} |`)
    .join('\n');
}

/** What is passed, as opposed to what is returned. */
function isGiven({ name }) {
  return /(?:Options|Params|Configuration)$/.test(name);
}

/** The members of a type with those of the types inside, as `system.timeout`. Inherited ones are in the table of their own type. */
function membersOf(type, prefix = '') {
  return declarationsIn(type)
    .flatMap((declaration) => declaration.children ?? [])
    .filter(({ inheritedFrom }) => inheritedFrom === undefined)
    .flatMap((member) => {
      const name = `${prefix}${member.name}`;
      const isList = member.type?.type === 'array' || member.type?.name === 'Array';
      return [{ name, member }, ...membersOf(member, `${name}${isList ? '[]' : ''}.`)];
    });
}

function declarationsIn(reflection) {
  if (reflection.children !== undefined) return [reflection];
  const inside = (type) => {
    if (type?.type === 'reflection') return [type.declaration];
    if (type?.type === 'intersection') return type.types.flatMap(inside);
    if (type?.type === 'array') return inside(type.elementType);
    if (type?.name === 'Array') return type.typeArguments.flatMap(inside);
    return [];
  };
  return inside(reflection.type);
}

function valuesOf(member) {
  if (member.signatures !== undefined) return 'function';
  const isNested = declarationsIn(member).some(({ children }) => children !== undefined);
  if (isNested) return member.type.type === 'array' || member.type.name === 'Array' ? 'list of objects' : 'object';
  const text = member.type.toString();
  return `\`${/=>/.test(text) ? 'function' : text}\``.replaceAll('|', '\\|');
}

function textOf(comment) {
  const parts = comment?.summary ?? [];
  const text = parts.map((part) => (part.kind === 'inline-tag' ? `\`${part.text}\`` : part.text)).join('');
  return text
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .replace(/<([a-z-]+)>(?=[^`]*(?:`[^`]*`[^`]*)*$)/g, '\\<$1>')
    .trim();
}

/** @returns the functions, and the methods of classes, of which docs/rejections.md does not say what they reject with */
export function rejectionProblems(project, page) {
  const isError = (type) => type.getFullName().includes('Error') || /^MtlsPop(?:Refusal|Unavailable)$/.test(type.name);
  const classes = project.getReflectionsByKind(ReflectionKind.Class).filter((type) => !isError(type));
  const methods = classes.flatMap(({ children }) => children.filter(({ kind }) => kind === ReflectionKind.Method));
  return [...project.getReflectionsByKind(ReflectionKind.Function), ...classes, ...methods]
    .filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(page))
    .map(({ name }) => `docs/rejections.md does not say what ${name} rejects with.`);
}

/** Lint lets these files alone read the environment; the emulator writes its own variables in emulator.ts. */
const ENVIRONMENT_FILES = /\/src\/(?:config|hosts|ca-file|emulator|native\/library-path|cli\/.+)\.ts$/;
const VARIABLE = /'((?:[A-Z][A-Z0-9]*_)+[A-Z0-9]+|[a-z]+_proxy|ProgramFiles)'|(?<!const )\b(EMULATOR_[A-Z_]+)\b/g;
const DEBUG_VARIABLE = 'NODE_DEBUG';

function variableProblems(page) {
  const [, section = ''] = /^## Environment variables$([^]*?)(?=^## |(?![^]))/m.exec(page) ?? [];
  const listed = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...line.split('|')[1].matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  const known = variables();
  return [
    ...known
      .filter((name) => !listed.includes(name))
      .map((name) => `docs/configuration.md lacks the variable ${name}.`),
    ...listed
      .filter((name) => !known.includes(name))
      .map((name) => `docs/configuration.md lists the variable ${name}, which no code reads or sets.`),
  ];
}

/** Every environment variable that the published packages read or set. */
function variables() {
  const sources = publishedPackages().flatMap(({ folder }) => sourceFiles(resolve(folder, 'src')));
  const read = (file) => readFileSync(resolve(root, file), 'utf8');
  const names = sources
    .filter((file) => ENVIRONMENT_FILES.test(file))
    .flatMap((file) => [...read(file).matchAll(VARIABLE)].map(([, literal, own]) => literal ?? own));
  const isDebugged = sources.some((file) => /\bdebuglog\(/.test(read(file)));
  return [...new Set([...names, ...(isDebugged ? [DEBUG_VARIABLE] : [])])].sort();
}
