/** The command `msal-mi-core`. */
import { parseDoctorOptions, UsageError, USAGE } from './doctor/options.js';
import { formatCheck, formatMaskedChecklist, formatVerdict, isInconclusive, maskReport } from './doctor/report.js';
import { runDoctor } from './doctor/run-doctor.js';
import { keepingProcess } from '../time/clock.js';
import { VERSION } from '../version.js';

const EXIT = { ready: 0, notReady: 1, couldNotTell: 2 } as const;

/** Runs the command and resolves with its exit code. Never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  endQuietlyWithReader();
  if (args.includes('--version')) {
    process.stdout.write(`${VERSION}\n`);
    return EXIT.ready;
  }
  if (args.includes('--help') || command === undefined) {
    process.stdout.write(USAGE);
    return command === undefined ? EXIT.couldNotTell : EXIT.ready;
  }
  try {
    if (command !== 'doctor') throw new UsageError(`Unknown command: ${command}`);
    return await keepingProcess(() => doctor(rest));
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unknown failure';
    process.stderr.write(`msal-mi-core: ${message}\n${error instanceof UsageError ? 'Try --help.\n' : ''}`);
    return EXIT.couldNotTell;
  }
}

/** Whoever reads the output may stop before its end, as `head` does. It has no verdict then. */
function endQuietlyWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(EXIT.couldNotTell);
    });
  }
}

async function doctor(args: readonly string[]): Promise<number> {
  const isTty = process.stdout.isTTY;
  const columns = isTty ? process.stdout.columns : Infinity;
  const options = parseDoctorOptions(args, { isTty, noColour: process.env['NO_COLOR'] !== undefined });
  const masked = (report: Awaited<ReturnType<typeof runDoctor>>) => (options.share ? maskReport(report) : report);
  const report = masked(
    await runDoctor(options, (title, result) => {
      if (isTty && !options.json && !options.share && result === undefined) process.stdout.write(`...    ${title}\r`);
      if (options.json || options.share || result === undefined) return;
      process.stdout.write(`${isTty ? '\u001b[2K' : ''}${formatCheck(result, options.colour, columns)}\n`);
    }),
  );
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else {
    if (options.share) for (const check of report.checks) process.stdout.write(`${formatCheck(check, false)}\n`);
    process.stdout.write(`${formatVerdict(report)}\n${formatMaskedChecklist(report)}`);
  }
  if (report.ready) return EXIT.ready;
  return isInconclusive(report) ? EXIT.couldNotTell : EXIT.notReady;
}
