/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  readonly goal?: string;
  readonly met?: boolean;
}

/** The median of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[sorted.length % 2 ? middle : middle - 1], sorted[middle]];
  return (low + high) / 2;
}

/** A figure whose value has to stay at or below a goal. */
export function atMost(what: string, value: number, goal: number, unit = "", digits = 2): Figure {
  return {
    what,
    measured: `${value.toFixed(digits)}${unit}`,
    goal: `${goal}${unit} or less`,
    met: value <= goal,
  };
}

/**
 * Compares the times of two functions in alternating rounds, so that other load on the machine affects
 * both alike.
 *
 * @param rounds How many pairs of rounds count; one more pair runs first, to warm up.
 * @param one Runs a round of the first and returns its time.
 * @param other Runs a round of the second and returns its time.
 * @returns The median of the rounds' ratios.
 */
export async function pairedRatio(
  rounds: number,
  one: () => Promise<number>,
  other: () => Promise<number>,
): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    // The order alternates, so that neither has the advantage of running second.
    const first = round % 2 === 0 ? await one() : NaN;
    const second = await other();
    const last = round % 2 === 0 ? first : await one();
    if (round > 0) ratios.push(last / second);
  }
  return median(ratios);
}

/** The time that a function takes, in milliseconds. */
export async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
