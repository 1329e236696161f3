// Builds the README, the guides and the API reference into one static site: `deno task docs`.
// deno-lint-ignore-file no-console
import { copyFile, cp, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findDeadLinks } from "./dead_links.ts";
import { writePlainText } from "./llms_txt.ts";
import { type Content, readContent } from "./content.ts";

const HELP = `Builds the README, the guides and the API reference into one static site.

Usage: deno task docs [options]

  --output DIR  the folder of the site (docs/dist)
  --serve       then serve it on http://localhost:4173
  --help        this text

Needs Node 20.18 or later and npm, which installs VitePress the first time.
Exits with 1 if the site has a dead link.`;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GENERATOR = join(ROOT, "docs", "site", "vitepress");
const VITEPRESS = join(GENERATOR, "node_modules", "vitepress", "bin", "vitepress.js");

async function run(program: string, args: string[], folder: string): Promise<string> {
  const command = new Deno.Command(program, { args, cwd: folder });
  const { success, stdout, stderr } = await command.output();
  const [printed = "", errors = ""] = [stdout, stderr].map((text) =>
    new TextDecoder().decode(text)
  );
  if (!success) throw new Error(`${program} ${args.join(" ")}:\n${printed}${errors}`);
  return printed;
}

/** Installs the packages of the lock file, unless that was done since it last changed. */
async function installGenerator(): Promise<void> {
  const timeOf = async (path: string) => (await stat(join(GENERATOR, path))).mtimeMs;
  const installed = await timeOf("node_modules/.package-lock.json").catch(() => 0);
  if (installed > await timeOf("package-lock.json")) return;
  console.log("Installing VitePress");
  await run("npm", ["ci", "--ignore-scripts", "--loglevel=error"], GENERATOR);
}

async function build({ pages, pictures, sidebar }: Content, output: string): Promise<void> {
  // A folder for each build, since VitePress writes into it too, and tests may build side by side.
  await mkdir(join(GENERATOR, "builds"), { recursive: true });
  const folder = await mkdtemp(join(GENERATOR, "builds", "build-"));
  try {
    await cp(join(GENERATOR, "settings"), join(folder, ".vitepress"), { recursive: true });
    await write(join(folder, "sidebar.json"), JSON.stringify(sidebar));
    for (const { path, markdown } of pages) await write(join(folder, "pages", path), markdown);
    const images = join(folder, "pages", "public", "images");
    await mkdir(images, { recursive: true });
    for (const picture of pictures) {
      await copyFile(join(ROOT, picture), join(images, basename(picture)));
    }
    await run("node", [VITEPRESS, "build", folder, "--outDir", output], GENERATOR);
  } finally {
    await rm(folder, { recursive: true });
  }
  for (const { path, text } of writePlainText(pages)) await write(join(output, path), text);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const { values } = parseArgs({
  options: {
    output: { type: "string", default: join(ROOT, "docs", "dist") },
    serve: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (values.help) {
  console.log(HELP);
} else {
  const output = resolve(values.output);
  const content = await readContent(
    ROOT,
    (folder, ...args) => run(Deno.execPath(), args, folder),
  );
  await installGenerator();
  await build(content, output);
  const dead = await findDeadLinks(output);
  for (const { page, link } of dead) {
    console.error(`${page} links to ${link}, which does not exist`);
  }
  if (dead.length > 0) Deno.exitCode = 1;
  else console.log(`${content.pages.length} pages in ${output}; --serve shows them`);
  if (values.serve) {
    const args = [join(GENERATOR, "node_modules", "vite", "bin", "vite.js"), "preview"];
    await new Deno.Command("node", { args: [...args, "--outDir", output], cwd: GENERATOR }).spawn()
      .status;
  }
}
