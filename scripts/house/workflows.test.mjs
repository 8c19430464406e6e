/** What SECURITY.md says of releases is what the workflows do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { root } from '../workspace.mjs';

const FOLDER = resolve(root, '.github/workflows');
const read = (name) => readFileSync(resolve(FOLDER, name), 'utf8');
const workflows = readdirSync(FOLDER);

/** The text of each job, by its name. */
function jobsOf(workflow) {
  const [, jobs = ''] = read(workflow).split(/^jobs:$/m);
  const parts = jobs.split(/^ {2}([\w-]+):$/m).slice(1);
  return Object.fromEntries(parts.flatMap((name, at) => (at % 2 === 0 ? [[name, parts[at + 1]]] : [])));
}

/** Commands that run what others have written. */
const RUNS_DEPENDENCIES = /\b(pnpm|npx|turbo|changeset)\b|\bnpm (ci|i|install|test|run|exec|start)\b|\bnode scripts\//;

test('every action is pinned by the hash of a commit, with the version beside it', () => {
  const loose = workflows.flatMap((workflow) =>
    [...read(workflow).matchAll(/\buses: (.*)$/gm)]
      .map(([, action]) => `${workflow}: ${action}`)
      .filter((found) => !/: (\.\/\S+|\S+@[0-9a-f]{40} # v\d+(\.\d+)*)$/.test(found)),
  );
  assert.deepEqual(loose, []);
});

test('no job of a release that can write anything runs a dependency', () => {
  const writing = Object.entries(jobsOf('release.yml')).filter(([, job]) => /: write\b/.test(job));
  assert.ok(writing.length > 0);
  assert.deepEqual(
    writing.filter(([, job]) => RUNS_DEPENDENCIES.test(job)).map(([name]) => name),
    [],
  );
});

test('what publishes has neither the sources nor a token of npm, and publishes with provenance', () => {
  const { publish } = jobsOf('release.yml');
  assert.doesNotMatch(publish, /actions\/checkout|secrets\.|NODE_AUTH_TOKEN|NPM_TOKEN/);
  assert.match(publish, /npm publish "\$tarball" --provenance/);
});

test('a release takes the binaries of native.yml, and the package manager by its hash', () => {
  const { prebuild, build } = jobsOf('release.yml');
  assert.match(prebuild, /uses: \.\/\.github\/workflows\/native\.yml/);
  assert.match(build, /node scripts\/install-package-manager\.mjs/);
  assert.match(
    JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')).packageManager,
    /\+sha512\.[0-9a-f]{128}$/,
  );
});

test('every workflow starts without permissions, or with that of reading', () => {
  const others = workflows.filter((workflow) => !/^permissions: (\{\}|\{ contents: read \})$/m.test(read(workflow)));
  assert.deepEqual(others, []);
});

/** What the steps run, each with the workflow it is in: `run: command`, or a block behind `run: |` or `run: >-`. */
function shellParts(workflow) {
  const lines = read(workflow).split('\n');
  return lines.flatMap((line, at) => {
    const [, indent, first] = /^( *(?:- )?)run: (.*)$/.exec(line) ?? [];
    if (first === undefined) return [];
    if (!/^[|>]-?$/.test(first)) return [{ workflow, text: first }];
    const rest = lines.slice(at + 1);
    const end = rest.findIndex((next) => next.trim() !== '' && next.search(/\S/) <= indent.length);
    const block = end === -1 ? rest : rest.slice(0, end);
    return [{ workflow, text: block.map((next) => next.trim()).join(first.startsWith('|') ? '\n' : ' ') }];
  });
}

test('every shell part of a workflow can be parsed', { skip: process.platform === 'win32' && 'no bash' }, () => {
  const parts = workflows.flatMap(shellParts);
  assert.ok(parts.length > 20);
  const broken = parts.filter(({ text }) => {
    const input = text.replaceAll(/\$\{\{.*?\}\}/g, 'expression');
    return spawnSync('bash', ['-n'], { input }).status !== 0;
  });
  assert.deepEqual(broken, []);
});
