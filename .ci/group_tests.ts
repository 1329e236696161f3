/**
 * Writes a file for each group of tests that imports them. A runtime starts anew for each file of
 * tests and loads all modules anew, which takes longer than most tests; grouped, the tests of a folder
 * share them. A failure still names the file and the line of its test.
 *
 * Without arguments it groups what `deno task test` runs, into .ci/groups. With the folder of compiled
 * tests it groups all of them, for Node and Bun.
 *
 * Usage: `deno run --allow-read=. --allow-write=.ci .ci/group_tests.ts [FOLDER_OF_TESTS OUTPUT]`
 *
 * @module
 */
import { relative } from "node:path";

const [tests = "tests", output = ".ci/groups"] = Deno.args;
const LEFT_OUT = ["system/", "conformance/suite/", "behaviour/failing_tokens_test.ts"];
const onDeno = Deno.args.length === 0;
/** These take longest or mostly wait, so they start first. */
const FIRST = ["examples/client_test.ts", "end_to_end", "entries/doctor", "behaviour", "examples"];

function* listTests(path = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${tests}/${path}`)) {
    if (isDirectory) yield* listTests(`${path}${name}/`);
    else if (/_test\.[jt]s$/.test(name)) yield path + name;
  }
}

/** It collects garbage many times, which takes long in a process that others have filled. */
const ALONE = "entries/audit/log_memory_test";

/** A folder of tests is a group; the folders of small unit tests are one together. */
function groupOf(path: string): string {
  if (path.startsWith(ALONE)) return ALONE;
  const own = FIRST.find((group) => path === group || path.startsWith(`${group}/`));
  const [folder = "", rest] = path.split("/");
  const large = ["entries", "local", "papers", "conformance"].includes(folder);
  return own ?? (large && rest !== undefined ? folder : "units");
}

const groups = new Map<string, string[]>();
for (const path of [...listTests()].sort()) {
  if (onDeno && LEFT_OUT.some((start) => path.startsWith(start))) continue;
  const group = groupOf(path);
  groups.set(group, [...groups.get(group) ?? [], path]);
}
await Deno.remove(output, { recursive: true }).catch(() => {});
await Deno.mkdir(output, { recursive: true });
const rank = (group: string): number => (FIRST.indexOf(group) + 1) || FIRST.length + 1;
const from = relative(output, tests);
for (const [group, paths] of groups) {
  const name = `${rank(group)}_${group.replace(/\W/g, "_").replace(/_test(_ts)?$/, "")}_test`;
  const imports = paths.map((path) => `import "${from}/${path}";\n`);
  await Deno.writeTextFile(`${output}/${name}${paths[0]?.slice(-3)}`, imports.join(""));
}
