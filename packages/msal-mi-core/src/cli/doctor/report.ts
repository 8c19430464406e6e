import type { CheckResult, CheckStatus, ChecklistLine, DoctorReport } from './check.js';
import { formatChecklist } from './checklist.js';

const SYMBOL: Record<CheckStatus, string> = { pass: 'ok  ', warn: 'warn', fail: 'FAIL', skip: 'skip' };
const COLOUR: Record<CheckStatus, number> = { pass: 32, warn: 33, fail: 31, skip: 2 };

const INDENT = ' '.repeat(7);

/**
 * One check as people read it.
 *
 * @param columns - Width of the terminal: longer lines are broken between words. Default: they are not, for `grep` and files.
 */
export function formatCheck(check: CheckResult, colour: boolean, columns = Infinity): string {
  const { status, title, evidence, fix } = check;
  const symbol = SYMBOL[status];
  const text = [`${symbol}   ${title}: ${evidence}`, ...(fix === '' ? [] : [`${INDENT}fix: ${fix}`])]
    .map((line) => wrap(line, columns))
    .join('\n');
  return colour ? text.replace(symbol, `\u001b[${COLOUR[status]}m${symbol}\u001b[0m`) : text;
}

function wrap(line: string, columns: number): string {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const end = rest.lastIndexOf(' ', columns);
    if (end <= INDENT.length) break; // A word that is longer than a line, such as a path, stays whole.
    lines.push(rest.slice(0, end));
    rest = INDENT + rest.slice(end + 1);
  }
  return [...lines, rest].join('\n');
}

export function formatVerdict(report: DoctorReport): string {
  const failed = report.checks.filter(({ status }) => status === 'fail');
  const warned = report.checks.filter(({ status }) => status === 'warn').length;
  const remarks = warned === 0 ? '' : ` (${warned} ${warned === 1 ? 'warning' : 'warnings'})`;
  if (report.ready) return `\nReady for certificate-bound tokens${remarks}.`;
  const titles = failed.map(({ title }) => title).join(', ');
  const verdict = isInconclusive(report) ? 'Could not tell' : 'Not ready';
  return `\n${verdict}: ${failed.length} of ${report.checks.length} checks failed: ${titles}.`;
}

/** True when all that failed are checks which say nothing about the host. */
export function isInconclusive(report: DoctorReport): boolean {
  const failed = report.checks.filter(({ status }) => status === 'fail');
  return failed.length > 0 && failed.every(({ inconclusive }) => inconclusive === true);
}

const GUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
const RESOURCE_ID = /\/subscriptions\/[^\s"',)]+/gi;
const THUMBPRINT = /(?<![\w-])[\w-]{43}(?![\w-])/g;
const USER_FOLDER = /([\\/](?:Users|home)[\\/])[^\\/\s"']+/gi;
const HOST = /\bhttps?:\/\/(?!localhost|127\.|169\.254\.|\[::1\])[^\s/"',)]+/gi;

const mask = (text: string) =>
  text
    .replace(RESOURCE_ID, '<resource id>')
    .replace(GUID, '<guid>')
    .replace(THUMBPRINT, '<thumbprint>')
    .replace(USER_FOLDER, '$1<user>')
    .replace(HOST, 'https://<host>');

/** Masks what tells which machine, identity and tenant a report comes from. */
export function maskReport(report: DoctorReport): DoctorReport {
  const { checklist } = report;
  return {
    ...report,
    checks: report.checks.map((check) => ({ ...check, evidence: mask(check.evidence), fix: mask(check.fix) })),
    ...(checklist && { checklist: maskChecklist(checklist) }),
  };
}

/** Empty where there is none. Always masked: it is there to be posted. */
export function formatMaskedChecklist({ checklist }: DoctorReport): string {
  return checklist === undefined ? '' : `\n${formatChecklist(maskChecklist(checklist))}\n`;
}

function maskChecklist(checklist: readonly ChecklistLine[]): ChecklistLine[] {
  return checklist.map((line) => ({ ...line, seen: mask(line.seen) }));
}
