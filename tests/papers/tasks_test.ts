/** The tasks in deno.json run every test: none is dropped to make `deno task test` fast. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { root } from "../support/root.ts";

const { tasks } = JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));
const TEST: string = tasks.test.command;
const LONG: string = tasks["test:long"].command;

test("`deno task test:long` runs every property whose cases `deno task test` makes fewer", () => {
  const files = readdirSync(new URL("tests/", root), { recursive: true }).map(String)
    .filter((name) => name.endsWith("_test.ts"));
  const shortened = files.filter((name) =>
    /import \{[^}]*runs\b[^}]*\} from "[./]+support\/fuzz_runs\.ts"/i.test(
      readFileSync(new URL(`tests/${name}`, root), "utf8"),
    )
  );
  assert(shortened.length > 5);
  for (const name of shortened) assert(LONG.split(" ").includes(`tests/${name}`), name);
});

test("`deno task test` leaves out only what has a task and a step of the gate", () => {
  const [, ignored = ""] = /--ignore=(\S+)/.exec(TEST) ?? [];
  const [system, ...long] = ignored.split(",");
  assert.equal(system, "tests/system");
  assert.deepEqual(long, ["tests/conformance/suite", "tests/behaviour/failing_tokens_test.ts"]);
  for (const name of long) assert(LONG.split(" ").includes(name), name);
  const gate = readFileSync(new URL(".ci/run", root), "utf8");
  assert.match(gate, / deno task test:long\n/);
  assert(tasks.ok.command.includes("deno task test && deno task test:long && "));
  // `--no-check` in both: the types are checked before.
  assert(tasks.ok.command.indexOf("deno task check") < tasks.ok.command.indexOf("deno task test"));
});
