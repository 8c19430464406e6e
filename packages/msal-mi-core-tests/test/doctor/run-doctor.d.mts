type Environment = Readonly<Record<string, string>>;
export function transcript(
  program: string,
  commands: ReadonlyArray<readonly string[]>,
  env: Environment,
): Promise<string>;
export function run(
  program: string,
  args: readonly string[],
  env: Environment,
): Promise<{ status: number | null; output: string }>;
