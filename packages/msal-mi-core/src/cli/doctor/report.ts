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
  const failed = report.checks.filter(({ status }) => status === 'fail').length;
  const warned = report.checks.filter(({ status }) => status === 'warn').length;
  const remarks = warned === 0 ? '' : ` (${warned} ${warned === 1 ? 'warning' : 'warnings'})`;
  return report.ready
    ? `\nReady for certificate-bound tokens${remarks}.`
    : `\nNot ready: ${failed} of ${report.checks.length} checks failed.`;
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
