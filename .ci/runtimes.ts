/**
 * Compares the README's table of runtimes with what ran: `.ci/run_tests` notes each run in
 * `.ci/out/runtimes`. A row may name fewer tests than ran, never more.
 *
 * Usage: `deno run --allow-read=. .ci/runtimes.ts`
 *
 * @module
 */
// deno-lint-ignore-file no-console
const PACKED = "all that name no Deno API, against the packed package";
const HOW: Record<string, string> = {
  Deno: "all, from source",
  Node: PACKED,
  Bun: PACKED,
  workerd: "of those, what needs no socket, no file and no other package; Cloudflare's runtime",
};

const [major, minor] = Deno.version.deno.split(".");
const expected = [[`Deno ${major}.${minor}`, HOW["Deno"], "all"]];
for (const { name: file } of Deno.readDirSync(".ci/out/runtimes")) {
  const { name, version, passed } = JSON.parse(Deno.readTextFileSync(`.ci/out/runtimes/${file}`));
  const short = /^\d{4}-/.test(version) ? version : version.split(".").slice(0, 2).join(".");
  expected.push([`${name} ${short}`, HOW[name], `${Math.floor(passed / 100) * 100}+`]);
}

const lines = Deno.readTextFileSync("README.md").split("\n");
const start = lines.findIndex((line) => /^\| runtime /.test(line)) + 2;
const end = lines.findIndex((line, index) => index >= start && !line.startsWith("|"));
const stated = lines.slice(start, end).map((line) =>
  line.split("|").slice(1, -1).map((cell) => cell.trim())
);

const order = (a: (string | undefined)[], b: (string | undefined)[]) =>
  String(a[0]) < String(b[0]) ? -1 : 1;
const withoutCount = (rows: (string | undefined)[][]) =>
  JSON.stringify(rows.map((row) => row.slice(0, 2)).sort(order));
const tooMany = stated.filter(([runtime, , tests = ""]) => {
  const ran = expected.find(([name]) => name === runtime)?.[2] ?? "0";
  return tests !== ran && !(parseInt(tests) <= parseInt(ran));
});
const rows = expected.sort(order).map((cells) => `| ${cells.join(" | ")} |`).join("\n");
console.log(rows);
if (withoutCount(stated) !== withoutCount(expected) || tooMany.length > 0) {
  console.error("The README's table of runtimes says something else than the above, which ran.");
  Deno.exit(1);
}
