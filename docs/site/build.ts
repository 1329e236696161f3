// Builds the guides and the API reference into one static site: `deno task docs`.
// deno-lint-ignore-file no-console
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildReference, type BuiltReference } from "./api/reference.ts";
import { findDeadLinks } from "./dead_links.ts";
import { buildPages, type Page } from "./guides.ts";

const HELP = `Builds the guides of docs/ and the API reference into one static site.

Usage: deno task docs [options]

  --output DIR  the folder of the site (docs/dist)
  --help        this text

Exits with 1 if the site has a dead link.`;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The folders of the packages. */
const MEMBERS = [".", "local"];

async function runDeno(folder: string, ...args: string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args, cwd: folder });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`deno ${args[0]}:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

async function build(output: string): Promise<Page[]> {
  await rm(output, { recursive: true, force: true });
  await mkdir(join(output, "api"), { recursive: true });
  const references: BuiltReference[] = [];
  for (const member of MEMBERS) {
    references.push(await buildReference(ROOT, member, output, runDeno));
  }
  const script = join("docs", "site", "assets", "search.js");
  const bundle = ["bundle", "--quiet", "--minify", "--platform=browser", "--format=iife"];
  await runDeno(ROOT, ...bundle, "-o", join(output, "search.js"), script);
  for (const name of ["style.css", "api.css", "search.css"]) {
    await copyFile(new URL(`assets/${name}`, import.meta.url), join(output, name));
  }
  const files = references.flatMap((reference) => [...reference.files]).sort();
  const guides = await buildPages(ROOT, files, references.map(({ start }) => start));
  const pages = [...guides.pages, ...references.flatMap((reference) => reference.pages)];
  for (const { path, html } of pages) await write(join(output, path), html);
  for (const { from, path } of guides.pictures) {
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
  const output = resolve(values.output);
  const pages = await build(output);
  const dead = await findDeadLinks(output);
  for (const { page, link } of dead) {
    console.error(`${page} links to ${link}, which does not exist`);
  }
  if (dead.length > 0) Deno.exitCode = 1;
  else console.log(`${pages.length} pages, open ${join(output, "index.html")}`);
}
