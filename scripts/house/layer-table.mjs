/** The table of imports of docs/architecture.md, out of scripts/lint/layers.mjs. `pnpm layers:update` writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { CORE_LAYERS, GROUPS } from '../lint/layers.mjs';
import { root } from '../workspace.mjs';

const PAGE = resolve(root, 'docs/architecture.md');
const HEAD = '| layer | may import, besides itself | types of |\n| --- | --- | --- |\n';
const TABLE = /^\| layer .*\n(\|.*\n)+/m;

/** @returns layers as the page writes them: groups in italics, the largest first */
function inWords(layers, groups = Object.keys(GROUPS)) {
  const left = new Set(layers);
  const words = groups
    .filter((group) => GROUPS[group].every((member) => layers.includes(member)))
    .sort((a, b) => GROUPS[b].length - GROUPS[a].length)
    .filter((group) => GROUPS[group].filter((member) => left.delete(member)).length > 0)
    .map((group) => `_${group}_`);
  return [...words, ...left].join(', ');
}

/** @returns the page as it is, and as it is with the table that lint enforces */
export async function pageWithTable() {
  const groups = Object.keys(GROUPS);
  const rows = [
    ...groups.map((group, index) => [`_${group}_`, inWords(GROUPS[group], groups.slice(0, index)), '']),
    ...Object.entries(CORE_LAYERS).map(([layer, { may, types = [] }]) => [layer, inWords(may), inWords(types)]),
  ];
  const table = HEAD + rows.map((row) => `| ${row.join(' | ')} |\n`).join('');
  const page = readFileSync(PAGE, 'utf8');
  const options = { ...(await resolveConfig(PAGE)), filepath: PAGE };
  return { page, expected: await format(page.replace(TABLE, table), options) };
}

if (process.argv.includes('--update')) writeFileSync(PAGE, (await pageWithTable()).expected);
