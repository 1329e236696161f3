import { gzipSync } from "node:zlib";
import { CALL } from "../fixture.ts";
import { atMost, type Figure, plain, type Spread, spreadOf } from "../figure.ts";
import { DENO, findNodes, type Runtime } from "../project.ts";
import { startServer } from "../servers.ts";

const MOD = new URL("../../mod.ts", import.meta.url);
const ROUNDS = 30;

/** Measures how much later a new process has answered its first call than without the gate. */
export async function measureFirstCall(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const runtime of [DENO, ...findNodes().nodes]) {
    const what = `${runtime.name}: start to the first verified answer, more than unprotected`;
    const { added, bare } = await compareStarts(runtime);
    figures.push(
      atMost(what, added, 10, " ms", 1),
      plain(`${runtime.name}: the same without the gate`, bare, " ms", 0),
    );
  }
  return figures;
}

async function compareStarts(runtime: Runtime): Promise<{ added: Spread; bare: Spread }> {
  const added: number[] = [];
  const bare: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const guarded = await timeFirstCall(runtime, "guarded");
    const unguarded = await timeFirstCall(runtime, "bare");
    if (round < 0) continue;
    added.push(guarded - unguarded);
    bare.push(unguarded);
  }
  return { added: spreadOf(added), bare: spreadOf(bare) };
}

async function timeFirstCall(runtime: Runtime, gate: string): Promise<number> {
  const start = performance.now();
  const adapter = runtime === DENO ? "deno" : "hono";
  const program = await startServer(runtime, { adapter, gate });
  const response = await fetch(program.line.trim(), CALL);
  await response.text();
  const time = performance.now() - start;
  await program.stop();
  if (response.status !== 200) throw new Error(`The server answered ${response.status}`);
  return time;
}

/** Measures the size of the core as one minified, compressed file. */
export async function measureCoreSize(): Promise<Figure[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", MOD.pathname],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const size = gzipSync(stdout, { level: 9 }).length / 1000;
  return [{ ...atMost("the core, minified and compressed", size, 20, " kB", 1), isExact: true }];
}
