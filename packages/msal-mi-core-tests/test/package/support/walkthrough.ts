import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { userEnvironment } from './installation.js';
import { showsIn, type Block } from './page.js';
import { PUBLISHED, tarballOf } from './tarballs.js';

const STEP_TIMEOUT_MS = 120_000;
/** The ports on the pages; elsewhere in a test, so that tests can run side by side. */
const PORT_ON_PAGE = /\b880([0-4])\b/g;

/**
 * A reader who does what a page says, in an empty folder: writes its files (`file=name`), runs its commands (`run`,
 * `run=<exit code>`, `run=background`), and sees the output that it shows (`output`). The one difference: our packages come from tarballs.
 */
export class Walkthrough {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), 'msal-mi-reader-')));
  #cwd = join(this.#folder, 'terminal');
  #lastOutput = '';
  #background: { child: ChildProcess; output: string } | undefined;

  private constructor(private readonly firstPort: number) {}

  static async begin(): Promise<Walkthrough> {
    const walkthrough = new Walkthrough(await fivePorts());
    writeFileSync(join(walkthrough.#folder, 'empty.npmrc'), 'audit=false\nfund=false\nprefer-offline=true\n');
    mkdirSync(walkthrough.#cwd);
    return walkthrough;
  }

  /** Does what one block says. @throws Error with the output, when it fails or shows something else */
  async follow({ language, mark, text: shown, line }: Block): Promise<void> {
    const text = shown.replaceAll(PORT_ON_PAGE, (_all, digit: string) => String(this.firstPort + Number(digit)));
    const [name, value] = mark.split('=');
    if (name === 'file') writeFileSync(join(this.#cwd, value!), text);
    else if (name === 'run' && value === 'background') this.#start(text);
    else if (name === 'run') this.#run(text, line, Number(value ?? 0));
    else if (name === 'output') await this.#see(text, line);
    else if (mark !== '') throw new Error(`line ${line}: no reader knows what to do with "${language} ${mark}"`);
  }

  async end(): Promise<void> {
    const child = this.#background?.child;
    if (child?.pid !== undefined && child.exitCode === null) {
      const closed = once(child, 'close');
      process.kill(-child.pid, 'SIGTERM');
      await closed;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #start(command: string): void {
    // A group of its own: npx and what it runs end together.
    const child = spawn('bash', ['-c', command], { cwd: this.#cwd, env: this.#environment(), detached: true });
    const background = { child, output: '' };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (background.output += chunk.toString()));
    }
    this.#background = background;
  }

  #run(commands: string, line: number, expectedStatus: number): void {
    const script = `trap 'echo "in:$PWD" >&2' EXIT\n${withTarballs(this.#withPrintedLines(commands))}`;
    const { status, stdout, stderr } = spawnSync('bash', ['-ec', script], {
      cwd: this.#cwd,
      env: this.#environment(),
      encoding: 'utf8',
      timeout: STEP_TIMEOUT_MS,
    });
    if (status !== expectedStatus) throw new Error(`line ${line}: exit code ${status}\n${stdout}${stderr}`);
    this.#cwd = /^in:(.*)$/m.exec(stderr)![1]!;
    this.#lastOutput = stdout;
  }

  /** A line that ends in `='…'` is pasted from what the background program has printed. */
  #withPrintedLines(commands: string): string {
    return commands.replaceAll(/^export (\w+)='[^']*…[^']*'$/gm, (shown, name: string) => {
      const printed = new RegExp(`^\\s*(export ${name}=.*)$`, 'm').exec(this.#background?.output ?? '')?.[1];
      if (printed === undefined) throw new Error(`Nothing printed the line "${shown}"`);
      return printed;
    });
  }

  async #see(shown: string, line: number): Promise<void> {
    if (showsIn(this.#lastOutput, shown)) return;
    const background = this.#background;
    const deadline = AbortSignal.timeout(STEP_TIMEOUT_MS);
    while (background !== undefined && background.child.exitCode === null && !deadline.aborted) {
      if (showsIn(background.output, shown)) return;
      await Promise.race([
        once(background.child.stdout!, 'data', { signal: deadline }),
        once(background.child, 'close'),
      ]);
    }
    throw new Error(`line ${line}: expected\n${shown}\nbut there was\n${this.#lastOutput}${background?.output ?? ''}`);
  }

  #environment(): NodeJS.ProcessEnv {
    return userEnvironment(join(this.#folder, 'empty.npmrc'));
  }
}

/** `npm install msal-mi-core` becomes the installation of the tarball. */
function withTarballs(commands: string): string {
  const inPlaceOf = (word: string) => {
    const name = PUBLISHED.find((published) => published === word);
    return name === undefined ? word : tarballOf(name);
  };
  return commands.replaceAll(/^npm install .*$/gm, (command) => command.split(' ').map(inPlaceOf).join(' '));
}

/** The first of five free ports in a row, below those that Linux gives out by itself. */
async function fivePorts(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = 20_000 + 10 * Math.floor(Math.random() * 1_200);
    const free = await Promise.all([0, 1, 2, 3, 4].map((offset) => isFree(first + offset)));
    if (!free.includes(false)) return first;
  }
  throw new Error('There are no five free ports in a row.');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, 'localhost', () => server.close(() => resolve(true)));
  });
}
