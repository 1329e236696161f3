// Imports each entry in processes of its own and says how long that takes. An entry that prints,
// stays open or has no runtime export fails. Usage, in a project: import_times.mjs ENTRY...
import { spawnSync } from "node:child_process";

const RUNS = 5;
const PROGRAM = `const start = performance.now();
const { length } = Object.keys(await import(process.argv[1]));
const end = performance.now();
process.on("exit", () => console.log(JSON.stringify([end - start, length])));`;

for (const entry of process.argv.slice(2)) {
  const times = Array.from({ length: RUNS }, () => {
    const args = ["--input-type=module", "--eval", PROGRAM, entry];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      timeout: 20_000,
    });
    const [line, ...more] = stdout.trim().split("\n");
    if (status !== 0 || stderr !== "" || more.length > 0) {
      throw new Error(
        `import ${entry}: ${
          status === null ? "stays open" : `status ${status}`
        }\n${stdout}${stderr}`,
      );
    }
    const [ms, exported] = JSON.parse(line);
    if (exported === 0) throw new Error(`import ${entry}: exports nothing`);
    return ms;
  });
  const median = times.sort((a, b) => a - b)[Math.floor(RUNS / 2)];
  console.log(
    `import ${entry}: ${median.toFixed(1)} ms (median of ${RUNS}, Node ${process.versions.node})`,
  );
}
