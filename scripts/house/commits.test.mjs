/** Subjects of commits are as CONTRIBUTING.md says. Own code: commitlint is a hook of the developer's, and brings 90 packages. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { root } from '../workspace.mjs';

/** The last commit that was made before the rule. */
const BASE = '6aa30c06682caef1b1a5e16c1e9e125e9fb357bf';
const MOST_CHARACTERS = 72;
const CONVENTIONAL =
  /^(?:build|chore|ci|docs|feat|fix|perf|refactor|revert|style|test)(?:\((?:attestation|core|emulator)\))?!?: [^A-Z\s].*[^.\s]$/;

const isAsTheRuleWants = (subject) =>
  subject.length <= MOST_CHARACTERS && CONVENTIONAL.test(subject) && !subject.includes(';');

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

test('every subject is conventional, short, and says one thing', (context) => {
  // Not in a shallow clone, nor in an archive of the sources.
  if (git('merge-base', '--is-ancestor', BASE, 'HEAD') === undefined) {
    context.skip(`the history since ${BASE.slice(0, 7)} is not here`);
    return;
  }
  const subjects = git('log', '--no-merges', '--format=%s', `${BASE}..HEAD`).split('\n').filter(Boolean);
  assert.deepEqual(
    subjects.filter((subject) => !isAsTheRuleWants(subject)),
    [],
  );
});

test('a subject that is not is found', () => {
  const subjects = [
    'fix(core): refuse a certificate for another key',
    'Refuse a certificate for another key',
    'fix(other): refuse a certificate for another key',
    'fix(core): refuse a certificate for another key.',
    'fix(core): refuse one certificate; take another',
    `fix(core): refuse ${'a certificate '.repeat(5)}for another key`,
  ];
  assert.deepEqual(subjects.filter(isAsTheRuleWants), subjects.slice(0, 1));
});
