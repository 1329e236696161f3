import type { Figure } from "./figure.ts";

/** How many cores other programs may keep busy before a time is not printed. */
const MAX_OTHER_CORES = 0.15;
/** Ticks per second of the times in /proc. */
const TICKS = 100;

/**
 * Runs a measure, and replaces its times when other programs kept the machine busy meanwhile. Counts
 * and sizes stay.
 *
 * @param measure The measure. Its processes have ended when it settles.
 * @param isLoadAllowed Whether times are kept all the same, each marked with the load.
 */
export async function measureOnQuietMachine(
  measure: () => Promise<Figure[]>,
  isLoadAllowed: boolean,
): Promise<Figure[]> {
  const before = readTimes();
  const start = performance.now();
  const figures = await measure();
  const seconds = (performance.now() - start) / 1000;
  const after = readTimes();
  if (before === undefined || after === undefined) return figures;
  const others = (after.machine - before.machine - (after.ours - before.ours)) / TICKS / seconds;
  if (others <= MAX_OTHER_CORES) return figures;
  const load = `other programs used ${others.toFixed(1)} of ${navigator.hardwareConcurrency} cores`;
  return figures.map((figure) => {
    if (figure.isExact) return figure;
    if (isLoadAllowed) return { ...figure, measured: `${figure.measured}, while ${load}` };
    const { what, goal } = figure;
    return { what, ...(goal && { goal }), measured: `not measured: ${load}` };
  });
}

/** Ticks of all cores, and of this process with its ended children; `undefined` without /proc. */
function readTimes(): { readonly machine: number; readonly ours: number } | undefined {
  try {
    const [line = ""] = Deno.readTextFileSync("/proc/stat").split("\n");
    const [user = 0, nice = 0, system = 0, _idle, _wait, irq = 0, softirq = 0] = line
      .split(/\s+/).slice(1).map(Number);
    // Behind the name in parentheses, which may hold spaces: utime, stime, cutime, cstime.
    const fields = Deno.readTextFileSync("/proc/self/stat").replace(/^.*\) /s, "").split(" ");
    const ours = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { machine: user + nice + system + irq + softirq, ours };
  } catch {
    return undefined;
  }
}
