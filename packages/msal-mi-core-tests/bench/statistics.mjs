export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The bounds between which the median lies with a probability of 95 %, whatever the distribution is: order statistics
 * by the normal approximation of the binomial distribution. From about ten values on.
 */
export function medianInterval(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = (1.96 * Math.sqrt(sorted.length)) / 2;
  const low = Math.max(0, Math.floor(sorted.length / 2 - half));
  const high = Math.min(sorted.length - 1, Math.ceil(sorted.length / 2 + half));
  return [sorted[low], sorted[high]];
}

/**
 * Runs subjects in turns, so that a busy moment of the machine meets all of them.
 *
 * @param subjects - name -> a function that does the work once and returns how long it took
 * @returns name -> all times but those of the first `warmUpRounds`
 */
export async function interleave(subjects, { rounds, warmUpRounds }) {
  const names = Object.keys(subjects);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    // Every other round backwards: nobody always follows the same neighbour.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const time = await subjects[name]();
      if (round >= warmUpRounds) times[name].push(time);
    }
  }
  return times;
}

export const medians = (times) =>
  Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));

/** The median of the quotients of each round: what slows the machine down for a while slows both parts of a quotient. */
export const medianRatio = (numerators, denominators) => median(numerators.map((value, i) => value / denominators[i]));
