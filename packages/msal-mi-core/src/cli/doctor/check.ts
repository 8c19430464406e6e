/** What a check is, and what it found. */

export type CheckStatus = 'pass' | 'warn' | 'fail' | 'skip';

/** One line of the report. `id` is stable; `evidence` and `fix` are sentences for people. */
export interface CheckResult {
  readonly id: string;
  readonly title: string;
  readonly status: CheckStatus;
  readonly evidence: string;
  /** What to do about it; empty when there is nothing to do. */
  readonly fix: string;
  /** With `fail`: the check could not be done or may pass a moment later, so that nothing is said about the host. */
  readonly inconclusive?: true;
}

/** One row of docs/discoveries/only-a-real-vm.md, of the same number. */
export interface ChecklistLine {
  readonly number: number;
  readonly what: string;
  readonly expected: string;
  /** What this run showed; or `not run:` and the command that shows it. */
  readonly seen: string;
}

/** What `--json` prints. Members are only ever added within one schema version. */
export interface DoctorReport {
  readonly schemaVersion: 1;
  /** True when a bound token of the wanted strength can be had here, as far as was looked: no check failed. */
  readonly ready: boolean;
  readonly checks: readonly CheckResult[];
  /** On Windows, with `--deep`: what this VM shows of what the library assumes of Windows. */
  readonly checklist?: readonly ChecklistLine[];
}

/** A check that has still to be given its id and title. */
export type Finding = Omit<CheckResult, 'id' | 'title'>;

export interface Check {
  readonly id: string;
  readonly title: string;
  readonly run: () => Promise<Finding> | Finding;
}

export const pass = (evidence: string): Finding => ({ status: 'pass', evidence, fix: '' });
export const warn = (evidence: string, fix: string): Finding => ({ status: 'warn', evidence, fix });
export const fail = (evidence: string, fix: string): Finding => ({ status: 'fail', evidence, fix });
export const inconclusive = (evidence: string, fix: string): Finding => ({
  status: 'fail',
  evidence,
  fix,
  inconclusive: true,
});
export const skip = (evidence: string): Finding => ({ status: 'skip', evidence, fix: '' });
