/**
 * Counts which conformance scenarios have a test: `node scripts/quality/scenario-coverage.mjs [--strict]`.
 *
 * The scenarios are data (test/scenarios/scenarios.json). A test covers those whose ids its name begins with:
 * `test('C02, C03: ...')`. The name has to be a literal; skipped tests and tests of the emulator itself do not count.
 * Fails on a scenario without a test, on an id that is not a scenario, and on a test of a scenario said not to apply.
 * Areas that have no tests yet may be pending; `--strict` allows none.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import ts from 'typescript';
import { root } from '../workspace.mjs';

const TESTS = resolve(root, 'packages/msal-mi-core-tests/test');
const SCENARIOS = resolve(TESTS, 'scenarios/scenarios.json');
/** Tests of the emulator say what the emulator does, not what the product does. */
const NOT_THE_PRODUCT = ['emulator/'];
const SKIPPING = ['skip', 'todo', 'failing'];
const IDS = /^([A-Z]\d{2}(?:, [A-Z]\d{2})*): /;

const isStrict = process.argv.includes('--strict');
const scenarios = Object.entries(JSON.parse(readFileSync(SCENARIOS, 'utf8')));
const named = collectNamedIds();

const problems = [];
const count = { covered: 0, notApplicable: 0, missing: 0, pending: 0 };
const reasons = [];
const pending = new Map();
for (const [id, scenario] of scenarios) {
  const isNamed = named.has(id);
  if (scenario.notApplicable !== undefined) {
    count.notApplicable += 1;
    reasons.push(`  ${id}  ${scenario.title}: ${scenario.notApplicable}`);
    if (isNamed) problems.push(`${id} is said not to apply and has a test: ${named.get(id)}`);
  } else if (isNamed) {
    count.covered += 1;
  } else {
    const area = scenario.windows ? 'windows' : scenario.area;
    if (area === undefined || isStrict) {
      count.missing += 1;
      problems.push(`${id} has no test: ${scenario.title}`);
    } else {
      count.pending += 1;
      pending.set(area, [...(pending.get(area) ?? []), id]);
    }
  }
}
const known = new Set(scenarios.map(([id]) => id));
for (const [id, place] of named)
  if (!known.has(id)) problems.push(`${id} is not a scenario (rules are named "rule D27: ..."): ${place}`);

console.log(
  `conformance scenarios: ${scenarios.length} rows, ${count.covered} covered, ` +
    `${count.notApplicable} not applicable, ${count.missing} missing` +
    (count.pending > 0 ? `, ${count.pending} pending` : ''),
);
if (reasons.length > 0) console.log(`not applicable:\n${reasons.join('\n')}`);
for (const [area, ids] of pending) console.log(`pending, ${area}: ${ids.join(' ')}`);
if (problems.length > 0) {
  console.error(`\n${problems.join('\n')}`);
  process.exitCode = 1;
}

/** Scenario id -> one place that names it. */
function collectNamedIds() {
  const ids = new Map();
  for (const file of readdirSync(TESTS, { recursive: true }).map((name) => name.replaceAll('\\', '/'))) {
    if (!/\.test\.(ts|mts|mjs|js)$/.test(file) || NOT_THE_PRODUCT.some((folder) => file.startsWith(folder))) continue;
    const path = resolve(TESTS, file);
    const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
    for (const { name, line } of namesIn(source)) {
      for (const id of IDS.exec(name)?.[1].split(', ') ?? []) ids.set(id, `${relative(root, path)}:${line}`);
    }
  }
  return ids;
}

/** Literal names of the tests in a file. */
function namesIn(source) {
  const found = [];
  const visit = (node) => {
    if (ts.isCallExpression(node) && isTest(node.expression)) {
      const [first] = node.arguments;
      const name =
        first !== undefined &&
        (ts.isStringLiteralLike(first) ? first.text : ts.isTemplateExpression(first) && first.head.text);
      if (typeof name === 'string') {
        found.push({ name, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `test`, `it`, `test.each(...)` and the like, unless skipped. */
function isTest(callee) {
  if (ts.isIdentifier(callee)) return callee.text === 'test' || callee.text === 'it';
  if (ts.isPropertyAccessExpression(callee)) return !SKIPPING.includes(callee.name.text) && isTest(callee.expression);
  if (ts.isCallExpression(callee)) return isTest(callee.expression);
  return ts.isTaggedTemplateExpression(callee) && isTest(callee.tag);
}
