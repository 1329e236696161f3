// Makes a worker of the core's tests: of all that .ci/pack laid out, those that import neither a
// socket nor a file nor another package. Usage: workerd_tests.mjs FOLDER_OF_THE_PACKAGE OUTPUT
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const [folder, output] = process.argv.slice(2);
const TEST = /_test\.js$/;
/** `deno transpile` leaves the comment of a file, or its end, on the line of its first import. */
const IMPORT =
  /^(?:(?:\/\*.*| )\*\/ )?(?:import|export)\s[^;"]*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;
/** The specifiers that a worker can import; files behind relative paths are checked in the same way. */
const OFFERED =
  /^(node:(test|assert\/strict|async_hooks|buffer|crypto|events|process|stream|timers(\/promises)?|url|util)|@x\/propelauth-mcp(\/[\w-]+)?)$/;

const { name, exports } = JSON.parse(
  readFileSync(`${folder}/package.json`, "utf8"),
);
const modules = new Map();

/** Takes a file in with all that it imports, or says what a worker lacks. */
function take(path, taken) {
  if (taken.has(path)) return;
  const text = readFileSync(`${folder}/${path}`, "utf8");
  taken.set(path, "");
  const up = "../".repeat(path.split("/").length - 1) || "./";
  taken.set(
    path,
    text.replace(IMPORT, (whole, ...found) => {
      const specifier = found[0] ?? found[1] ?? found[2];
      if (specifier.startsWith(".")) {
        take(new URL(specifier, `file:///${path}`).pathname.slice(1), taken);
        return whole;
      }
      if (!OFFERED.test(specifier)) throw new Error(specifier);
      if (specifier === "node:test") {
        return whole.replace(specifier, `${up}node_test.js`);
      }
      if (!specifier.startsWith(name)) return whole;
      const target = exports[`.${specifier.slice(name.length)}`].import.slice(
        2,
      );
      take(target, taken);
      return whole.replace(specifier, up + target);
    }),
  );
}

const tests = [];
const files = readdirSync(`${folder}/tests`, { recursive: true });
for (const file of files.filter((file) => TEST.test(file)).sort()) {
  const taken = new Map();
  try {
    take(`tests/${file}`, taken);
  } catch (error) {
    console.log(`Not in a worker: ${file}, which imports ${error.message}`);
    continue;
  }
  for (const [path, text] of taken) modules.set(path, text);
  tests.push(`./tests/${file}`);
}

// workerd has no test runner. Flat tests without a context need none.
modules.set(
  "node_test.js",
  `export const tests = [];
export const ends = [];
export function test(name, run) { tests.push([name, run]); }
export function after(run) { ends.push(run); }
export default test;`,
);
modules.set(
  "worker.js",
  `${tests.map((path) => `import ${JSON.stringify(path)};`).join("\n")}
import { ends, tests } from "./node_test.js";
export default {
  async test() {
    let failed = 0;
    for (const [name, run] of tests) {
      try {
        await run();
      } catch (error) {
        failed++;
        console.log("FAILED", name, error?.stack ?? error);
      }
    }
    for (const run of ends) await run();
    console.log(\`\${tests.length - failed} passed, \${failed} failed\`);
    if (failed > 0) throw new Error("tests failed");
  },
};`,
);

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
// The first module is the one that is run.
const paths = [
  "worker.js",
  ...[...modules.keys()].filter((path) => path !== "worker.js"),
];
const list = paths.map((path) => {
  const file = path.replaceAll("/", "__");
  writeFileSync(`${output}/${file}`, modules.get(path));
  return `    (name = ${JSON.stringify(path)}, esModule = embed ${JSON.stringify(file)}),\n`;
});
writeFileSync(
  `${output}/config.capnp`,
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "tests", worker = .worker)]);
const worker :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
${list.join("")}  ],
);
`,
);
