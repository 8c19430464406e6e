// Coloured on a terminal, plain when piped.
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
const green = paint(32);
const red = paint(31);
const cyan = paint(36);

export const heading = (text) => console.log(`\n${bold(text)}`);
export const fact = (name, value) => console.log(`  ${name.padEnd(20)} ${cyan(value)}`);
export const ok = (what, detail) => console.log(`  ${green('accepted')} ${what}  ${dim(detail)}`);
export const refused = (what, detail) => console.log(`  ${red('refused ')} ${what}  ${dim(detail)}`);
export const step = (number, name, what, durationMs) =>
  console.log(`  ${bold(number)} ${name.padEnd(16)} ${durationMs.toFixed(1).padStart(7)} ms  ${dim(what)}`);

/** A surprise ends the demonstration with exit code 1. */
export function expect(condition, claim) {
  if (condition) return;
  console.error(red(`\nUnexpected: it does not hold that ${claim}.`));
  process.exitCode = 1;
  throw new Error(claim);
}
