/**
 * Checks that a tag, the versions of both packages and the changelog name one release. Says all that
 * is wrong at once, and ends with 1.
 *
 * Usage: `deno run --allow-read=. .ci/release.ts v1.2.3`
 *
 * @module
 */
// deno-lint-ignore-file no-console
const [tag = ""] = Deno.args;
const version = /^v(\d+\.\d+\.\d+(?:-[\w.]+)?)$/.exec(tag)?.[1];
const problems: string[] = [];

if (version === undefined) problems.push(`The tag ${JSON.stringify(tag)} is no version: v1.2.3`);
for (const file of ["deno.json", "local/deno.json"]) {
  const found = JSON.parse(Deno.readTextFileSync(file)).version;
  if (found !== version) problems.push(`${file} has the version ${found}`);
}
const changelog = Deno.readTextFileSync(".github/CHANGELOG.md");
const [, newest = "", text = ""] = /^## (\S+)\n([^]*?)(?=^## |$(?![^]))/m.exec(changelog) ?? [];
if (newest !== version) problems.push(`The changelog's first section is ${newest}`);
else if (!/^- /m.test(text)) problems.push("The changelog says nothing of this version");

for (const problem of problems) console.error(problem);
if (problems.length > 0) Deno.exit(1);
