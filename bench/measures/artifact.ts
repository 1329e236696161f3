import { gzipSync } from "node:zlib";
import { atMost, type Figure, median } from "../figure.ts";

const MOD = new URL("../../mod.ts", import.meta.url);

/** Measures by how much an import of the core delays the start of a program, with a warm cache. */
export async function measureImport(): Promise<Figure[]> {
  const folder = await Deno.makeTempDir();
  try {
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const program = async (name: string, text: string): Promise<string> => {
      await Deno.writeTextFile(`${folder}/${name}`, text);
      return `${folder}/${name}`;
    };
    const empty = await program("empty.ts", "export {};\n");
    const core = await program("core.ts", `import ${JSON.stringify(MOD.href)};\n`);
    const differences: number[] = [];
    for (let round = 0; round < 31; round++) {
      const withCore = await start(core, config);
      const without = await start(empty, config);
      if (round > 0) differences.push(withCore - without);
    }
    const what = "import of mod.ts, more than an empty module";
    return [atMost(what, median(differences), 20, " ms", 1)];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Measures the size of the core as one minified, compressed file. */
export async function measureCoreSize(): Promise<Figure[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", MOD.pathname],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const size = gzipSync(stdout, { level: 9 }).length / 1000;
  return [atMost("the core, minified and compressed", size, 10, " kB", 1)];
}

async function start(file: string, config: string): Promise<number> {
  const begin = performance.now();
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", `--config=${config}`, file],
  }).output();
  if (!success) throw new Error(`${file} does not run`);
  return performance.now() - begin;
}
