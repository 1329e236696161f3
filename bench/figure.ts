import process from "node:process";

/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  readonly goal?: string;
  readonly met?: boolean;
  /** A count or a size: other load on the machine does not change it. */
  readonly isExact?: boolean;
}

/** The median of the rounds, and the quartiles between which half of them lie. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The median of some numbers. */
export function median(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** The median and the quartiles of some numbers. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const [below = NaN, above = NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return below + (above - below) * (place % 1);
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/** A figure whose value, for a spread the median, has to stay at or below a goal. */
export function atMost(
  what: string,
  value: number | Spread,
  goal: number,
  unit = "",
  digits = 2,
): Figure {
  const { median } = asSpread(value);
  return {
    ...plain(what, value, unit, digits),
    goal: `${goal}${unit} or less`,
    met: median <= goal,
  };
}

/** A figure whose value, for a spread the median, has to be at least a goal. */
export function atLeast(
  what: string,
  value: number | Spread,
  goal: number,
  unit = "",
  digits = 2,
): Figure {
  const { median } = asSpread(value);
  return {
    ...plain(what, value, unit, digits),
    goal: `${goal}${unit} or more`,
    met: median >= goal,
  };
}

/** A figure without a goal. */
export function plain(what: string, value: number | Spread, unit = "", digits = 2): Figure {
  const { median, low, high } = asSpread(value);
  const spread = low === high ? "" : ` (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
  return { what, measured: `${median.toFixed(digits)}${unit}${spread}` };
}

function asSpread(value: number | Spread): Spread {
  return typeof value === "number" ? { median: value, low: value, high: value } : value;
}

/**
 * Compares the times of two functions in alternating rounds, so that other load on the machine affects
 * both alike.
 *
 * @param rounds How many pairs of rounds count; one more pair runs first, to warm up.
 * @param one Runs a round of the first and returns its time.
 * @param other Runs a round of the second and returns its time.
 * @returns The rounds' ratios.
 */
export async function pairedRatio(
  rounds: number,
  one: () => Promise<number>,
  other: () => Promise<number>,
): Promise<Spread> {
  const ratios: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    // The order alternates, so that neither has the advantage of running second.
    const first = round % 2 === 0 ? await one() : NaN;
    const second = await other();
    const last = round % 2 === 0 ? first : await one();
    if (round > 0) ratios.push(last / second);
  }
  return spreadOf(ratios);
}

/** The time that a function takes, in milliseconds. */
export async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** The CPU time that this process uses while a function runs, in milliseconds. */
export async function cpuTimed(run: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
