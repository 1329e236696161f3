// Builds guides and API reference into one static site: start it with `deno task docs`.
// deno-lint-ignore-file no-console
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findDeadLinks } from "./links.ts";
import { buildPages, type Page } from "./pages.ts";

const HELP = `Builds the guides of docs/ and the API reference into one static site.

Usage: deno task docs [options]

  --output DIR  where the site goes (docs/dist)
  --help        this text

Ends with 1 when a link of the site leads nowhere.`;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function runDeno(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (!success) throw new Error(`deno ${args[0]}:\n${new TextDecoder().decode(stderr)}`);
}

/** Every module that users import, of both packages. */
async function listEntries(): Promise<string[]> {
  const entries: string[] = [];
  for (const folder of ["", "local"]) {
    const { exports } = JSON.parse(await readFile(join(ROOT, folder, "deno.json"), "utf8"));
    const paths: string[] = typeof exports === "string" ? [exports] : Object.values(exports);
    entries.push(...paths.map((path) => join(folder, path)));
  }
  return entries;
}

async function build(output: string): Promise<Page[]> {
  await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  const entries = await listEntries();
  await runDeno("doc", "--html", "--name=@x/propelauth-mcp", `--output=${output}/api`, ...entries);
  const script = join("docs", "site", "search.js");
  await runDeno(
    "bundle",
    "--quiet",
    "--minify",
    "--platform=browser",
    "--format=iife",
    "-o",
    `${output}/search.js`,
    script,
  );
  await copyFile(new URL("style.css", import.meta.url), join(output, "style.css"));
  const { pages, pictures } = await buildPages(ROOT);
  for (const { path, html } of pages) await write(join(output, path), html);
  for (const { from, path } of pictures) {
    await mkdir(dirname(join(output, path)), { recursive: true });
    await copyFile(join(ROOT, from), join(output, path));
  }
  const sections = pages.flatMap((page) => page.sections);
  await write(join(output, "sections.js"), `globalThis.sections = ${JSON.stringify(sections)};\n`);
  return pages;
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const { values } = parseArgs({
  options: {
    output: { type: "string", default: join(ROOT, "docs", "dist") },
    help: { type: "boolean" },
  },
});
if (values.help) {
  console.log(HELP);
} else {
  const pages = await build(values.output);
  const dead = await findDeadLinks(values.output);
  for (const { page, link } of dead) console.error(`${page} links to ${link}, which is not there`);
  if (dead.length > 0) Deno.exitCode = 1;
  else console.log(`${pages.length} pages, open ${join(values.output, "index.html")}`);
}
