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
  assert.match(
    TEST,
    / \.ci\/group_tests\.ts && deno test .* \.ci\/groups mod\.ts src local\/mod\.ts$/,
  );
  const grouping = readFileSync(new URL(".ci/group_tests.ts", root), "utf8");
  const [, list = ""] = /^const LEFT_OUT = \[([^\]]+)\];$/m.exec(grouping) ?? [];
  const [system, ...long] = [...list.matchAll(/"([^"]+)"/g)].map(([, path = ""]) => path);
  assert.equal(system, "system/");
  assert.deepEqual(long, [
    "conformance/suite/",
    "behaviour/failing_tokens_test.ts",
    "end_to_end/audited_transports_test.ts",
  ]);
  for (const path of long) {
    assert(LONG.split(" ").includes(`tests/${path.replace(/\/$/, "")}`), path);
  }
  const gate = readFileSync(new URL(".ci/run", root), "utf8");
  assert.match(gate, / deno task test:long\n/);
  assert(tasks.ok.command.includes("deno task test && deno task test:long && "));
  // `--no-check` in both: the types are checked before.
  assert(tasks.ok.command.indexOf("deno task check") < tasks.ok.command.indexOf("deno task test"));
});

test("`deno task test` runs every other test", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.mkdirSync(`${folder}/.ci`);
    for (const name of ["tests", ".ci/group_tests.ts"]) {
      Deno.symlinkSync(new URL(name, root), `${folder}/${name}`);
    }
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "-A", "--no-config", ".ci/group_tests.ts"],
      cwd: folder,
    }).output();
    assert(success);
    const imported = [...Deno.readDirSync(`${folder}/.ci/groups`)].flatMap(({ name }) =>
      [...Deno.readTextFileSync(`${folder}/.ci/groups/${name}`).matchAll(/tests\/([^"]+)"/g)]
        .map(([, path]) => path)
    );
    const all = readdirSync(new URL("tests/", root), { recursive: true }).map(String)
      .filter((name) => name.endsWith("_test.ts") && !name.startsWith("system/"))
      .filter((name) =>
        !/^(conformance\/suite\/|behaviour\/failing_t|end_to_end\/audited_t)/.test(name)
      );
    assert.deepEqual(imported.sort(), all.sort());
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

test("examples/dev_imports.json has the versions and the entries of deno.json", () => {
  const { imports, exports } = JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));
  const local = JSON.parse(readFileSync(new URL("local/deno.json", root), "utf8"));
  const { imports: dev } = JSON.parse(
    readFileSync(new URL("examples/dev_imports.json", root), "utf8"),
  );
  for (const [name, target] of Object.entries<string>(dev)) {
    const [, , own = "", entry] = /^(jsr:)?@x\/(propelauth-\w+)(\/.+)?$/.exec(name) ?? [];
    const path = (own === "propelauth-mcp" ? exports : local.exports)[`.${entry ?? ""}`];
    const expected = own === ""
      ? imports[name] ?? local.imports[name]
      : new URL(path, new URL(own === "propelauth-mcp" ? "." : "local/", root)).href;
    assert.equal(own === "" ? target : new URL(target, new URL("examples/", root)).href, expected);
  }
  for (const task of ["dev", "client"]) {
    const { command } = tasks[task];
    assert.match(
      command,
      / --no-config --import-map=examples\/dev_imports\.json --lock=examples\/dev\.lock --frozen /,
    );
  }
});

test("examples/dev.json has the tasks dev and client, and nothing that Deno would fetch", () => {
  const dev = JSON.parse(readFileSync(new URL("examples/dev.json", root), "utf8"));
  assert.deepEqual(Object.keys(dev), ["tasks"]);
  for (const name of ["dev", "client"]) {
    const { description, command } = tasks[name];
    assert.deepEqual(dev.tasks[name], { description, command: `cd .. && ${command}` });
  }
});
