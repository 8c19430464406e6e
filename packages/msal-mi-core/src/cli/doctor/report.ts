import type { CheckResult, CheckStatus, DoctorReport } from './check.js';

const SYMBOL: Record<CheckStatus, string> = { pass: 'ok  ', warn: 'warn', fail: 'FAIL', skip: 'skip' };
const COLOUR: Record<CheckStatus, number> = { pass: 32, warn: 33, fail: 31, skip: 2 };

/** One check as people read it. */
export function formatCheck(check: CheckResult, colour: boolean): string {
  const symbol = colour ? `\u001b[${COLOUR[check.status]}m${SYMBOL[check.status]}\u001b[0m` : SYMBOL[check.status];
  const fix = check.fix === '' ? '' : `\n       fix: ${check.fix}`;
  return `${symbol}   ${check.title}: ${check.evidence}${fix}`;
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

/** Masks what tells which machine, identity and tenant a report comes from. */
export function maskReport(report: DoctorReport): DoctorReport {
  const mask = (text: string) =>
    text
      .replace(RESOURCE_ID, '<resource id>')
      .replace(GUID, '<guid>')
      .replace(THUMBPRINT, '<thumbprint>')
      .replace(USER_FOLDER, '$1<user>')
      .replace(HOST, 'https://<host>');
  return {
    ...report,
    checks: report.checks.map((check) => ({ ...check, evidence: mask(check.evidence), fix: mask(check.fix) })),
  };
}
