import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { root } from "../support/root.ts";

const folder = new URL(".github/workflows/", root);
const workflows = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(new URL(name, folder), "utf8"),
}));

for (const { name, text } of workflows) {
  test(`${name} pins every action by a commit, and grants no job more than it needs`, () => {
    assert.match(text, /^permissions: \{\}$/m);
    const [, jobs = ""] = text.split(/^jobs:\n/m);
    const names = [...jobs.matchAll(/^ {2}(\w+):$/gm)].map(([, job = ""]) => job);
    assert.equal(jobs.match(/^ {4}permissions:\n {6}contents: read$/gm)?.length, names.length);
    assert.equal(jobs.match(/^ {4}timeout-minutes: \d+$/gm)?.length, names.length);
    assert.equal(
      jobs.match(/uses: /g)?.length,
      jobs.match(/uses: [\w/-]+@[0-9a-f]{40} # v/g)?.length,
    );
    assert.equal(jobs.match(/persist-credentials: false/g)?.length, names.length);
    assert.doesNotMatch(text, /secrets\.|write-all|pull_request_target/);
    // Values that others choose must not become part of a script.
    assert.doesNotMatch(text, /run: .*\$\{\{/);
  });
}

test("both workflows name one commit for each action, and only the last step may sign", () => {
  const pins = new Map<string, Set<string>>();
  for (const { text } of workflows) {
    for (const [, action = "", pin = ""] of text.matchAll(/uses: ([\w/-]+)@(.+)/g)) {
      pins.set(action, new Set([...pins.get(action) ?? [], pin]));
    }
  }
  assert.deepEqual([...pins.values()].map(({ size }) => size), [1, 1]);
  assert.deepEqual(
    workflows.map(({ name, text }) => [name, text.match(/id-token: write/g)?.length ?? 0]),
    [["publish.yml", 1], ["test.yml", 0]],
  );
});

/** Runs .ci/release.ts in a folder with these versions and this changelog. */
async function check(tag: string, versions: string[], changelog: string): Promise<string[]> {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${cwd}/local`);
    await Deno.mkdir(`${cwd}/.github`);
    const [own, local] = versions.map((version) => JSON.stringify({ version }));
    await Deno.writeTextFile(`${cwd}/deno.json`, own ?? "");
    await Deno.writeTextFile(`${cwd}/local/deno.json`, local ?? "");
    await Deno.writeTextFile(`${cwd}/.github/CHANGELOG.md`, changelog);
    const script = new URL(".ci/release.ts", root).href;
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-config", "--allow-read=.", script, tag],
      cwd,
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stderr).trim();
    assert.equal(code, said === "" ? 0 : 1, said);
    return said === "" ? [] : said.split("\n");
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

const CHANGELOG = "# Changelog\n\n## 1.2.3\n\n- A thing.\n\n## 1.2.2\n\n- Another.\n";
const RELEASES: [when: string, args: Parameters<typeof check>, problems: RegExp[]][] = [
  ["all agree", ["v1.2.3", ["1.2.3", "1.2.3"], CHANGELOG], []],
  [
    "there is one section",
    ["v1.2.3", ["1.2.3", "1.2.3"], CHANGELOG.split("\n## 1.2.2")[0] ?? ""],
    [],
  ],
  ["the tag is no version", ["1.2.3", ["1.2.3", "1.2.3"], CHANGELOG], [
    /is no version/,
    /^deno.json/,
    /^local/,
    /first section/,
  ]],
  ["a package lags behind", ["v1.2.3", ["1.2.3", "1.2.2"], CHANGELOG], [
    /^local\/deno.json .+ 1.2.2$/,
  ]],
  ["the changelog does", ["v1.2.4", ["1.2.4", "1.2.4"], CHANGELOG], [/first section is 1.2.3$/]],
  ["it says nothing", ["v1.2.3", ["1.2.3", "1.2.3"], CHANGELOG.replace("- A thing.\n", "")], [
    /says nothing/,
  ]],
];

for (const [when, args, problems] of RELEASES) {
  test(`.ci/release.ts finds ${problems.length} problems when ${when}`, async () => {
    const found = await check(...args);
    assert.equal(found.length, problems.length, found.join("\n"));
    for (const [index, problem] of problems.entries()) assert.match(found[index] ?? "", problem);
  });
}

test(".ci/release.ts would let the version that stands here be released", async () => {
  const { version } = JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));
  const local = JSON.parse(readFileSync(new URL("local/deno.json", root), "utf8")).version;
  const changelog = readFileSync(new URL(".github/CHANGELOG.md", root), "utf8");
  assert.deepEqual(await check(`v${version}`, [version, local], changelog), []);
});
