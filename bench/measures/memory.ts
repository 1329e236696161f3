import { atMost, type Figure, median, plain, spreadOf } from "../figure.ts";
import { createProject, pathOf } from "../project.ts";
import { startCommand } from "../start_program.ts";

const DENO = [Deno.execPath(), "run", "--quiet", "-A", "--v8-flags=--expose-gc"];
const GOAL_BYTES = 450;

interface Measured {
  readonly bytes: number;
  readonly collection: number;
  readonly warm: number;
}

/**
 * Measures the memory and the garbage collection of a full cache.
 *
 * @param checkout The folder of an older checkout, to compare with; none by default.
 */
export async function measureMemory(checkout?: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const tokens of [100_000, 1_000_000]) {
    const { bytes, warm } = await run(tokens);
    const what = tokens.toLocaleString("en");
    figures.push(
      { ...atMost(`bytes of a cached token, of ${what}`, bytes, GOAL_BYTES, "", 0), isExact: true },
      plain(`a warm verification with ${what} tokens in the cache`, warm, " \u00b5s"),
    );
  }
  return [...figures, ...await compareCollections(checkout)];
}

async function compareCollections(checkout: string | undefined): Promise<Figure[]> {
  const what = "full garbage collection with 1,000,000 cached tokens";
  const now: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < 3; round++) {
    const { collection } = await run(1_000_000);
    now.push(collection);
    if (checkout !== undefined) {
      ratios.push(collection / (await run(1_000_000, checkout)).collection);
    }
  }
  const figures = [plain(what, median(now), " ms", 0)];
  if (checkout !== undefined) {
    figures.push(atMost(`${what} / that of ${checkout}`, spreadOf(ratios), 0.35));
  }
  return figures;
}

async function run(tokens: number, checkout?: string): Promise<Measured> {
  const command = [...DENO, pathOf("programs/memory.ts"), `${tokens}`];
  const program = checkout === undefined ? await startCommand(command) : await startCommand(
    [...DENO, "bench/programs/memory.js", `${tokens}`],
    await createProject(checkout),
  );
  await program.stop();
  return JSON.parse(program.line);
}
