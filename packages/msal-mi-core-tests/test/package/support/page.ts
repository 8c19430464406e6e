import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { REPOSITORY } from './tarballs.js';

/** A fenced block of a page: ```` ```js file=a.mjs ```` has the language `js` and the mark `file=a.mjs`. */
export interface Block {
  readonly language: string;
  readonly mark: string;
  readonly text: string;
  readonly line: number;
}

export function readPage(page: string): string {
  return readFileSync(resolve(REPOSITORY, page), 'utf8').replaceAll('\r\n', '\n');
}

export function blocksOf(page: string): Block[] {
  const text = readPage(page);
  return [...text.matchAll(/^```(\S+)[ ]?([^\n]*)\n([^]*?)^```$/gm)].map((match) => ({
    language: match[1]!,
    mark: match[2]!.trim(),
    text: match[3]!,
    line: text.slice(0, match.index).split('\n').length,
  }));
}

/** Whether a text contains what a page shows; `…` on the page stands for anything within a line. */
export function showsIn(output: string, shown: string): boolean {
  const lines = shown.trimEnd().split('\n');
  const pattern = lines.map((line) => line.split('…').map(literally).join('.*')).join('\\r?\\n');
  return new RegExp(`^${pattern}$`, 'm').test(output);
}

const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
