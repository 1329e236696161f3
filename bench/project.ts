import { existsSync } from "node:fs";

/** The packages that the servers need, pinned. */
const PACKAGES = new URL("../.ci/bench/", import.meta.url).pathname;
const TOOLS = new URL("../.ci/tools/node_modules/", import.meta.url).pathname;
const OUT = new URL("../.ci/out/bench/", import.meta.url).pathname;

/** A runtime that a server is measured on. */
export interface Runtime {
  readonly name: string;
  readonly command: readonly string[];
}

/** Deno, which runs the packed files as Node does. */
export const DENO: Runtime = { name: "Deno", command: [Deno.execPath(), "run", "--quiet", "-A"] };

/** The versions of Node that `npm ci --prefix .ci/tools` installs; `missing` names the others. */
export function findNodes(): { readonly nodes: readonly Runtime[]; readonly missing: string } {
  const versions = ["20", "22", "24"];
  const pathOf = (version: string) => `${TOOLS}node${version}/bin/node`;
  const installed = versions.filter((version) => existsSync(pathOf(version)));
  return {
    nodes: installed.map((version) => ({ name: `Node ${version}`, command: [pathOf(version)] })),
    missing: versions.filter((version) => !installed.includes(version)).join(", "),
  };
}

const projects = new Map<string, Promise<string>>();

/**
 * Packs a checkout, and lays the compiled programs of `bench/programs` into the package: its own name
 * is then that of the packed files.
 *
 * @param checkout The folder of a checkout of this repository.
 * @returns The folder of the package.
 */
export function createProject(checkout: string = pathOf("..")): Promise<string> {
  const created = projects.get(checkout) ?? build(checkout, `${OUT}${projects.size}/`);
  projects.set(checkout, created);
  return created;
}

async function build(checkout: string, folder: string): Promise<string> {
  if (!existsSync(`${PACKAGES}node_modules`)) {
    await run(PACKAGES, "npm", "ci", "--loglevel", "error");
  }
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  const tarball = `${folder}package.tgz`;
  const pack = ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", tarball];
  await run(checkout, Deno.execPath(), ...pack);
  await run(folder, "tar", "-xzf", tarball, "--strip-components", "1");
  await Deno.symlink(`${PACKAGES}node_modules`, `${folder}node_modules`);
  for await (const { name } of Deno.readDir(pathOf("programs"))) {
    if (/\.(ts|mjs)$/.test(name)) await compile(`programs/${name}`, folder);
  }
  await compile("fixture.ts", folder);
  await makeCloudflareImportable(folder);
  return folder;
}

/** Compiles a program; one in JavaScript is copied. */
async function compile(file: string, folder: string): Promise<void> {
  const output = `${folder}bench/${file.replace(/\.ts$/, ".js")}`;
  const transpile = ["transpile", "--quiet", pathOf(file), "--output", output];
  if (file.endsWith(".ts")) await run(pathOf(".."), Deno.execPath(), ...transpile);
  const text = await Deno.readTextFile(file.endsWith(".ts") ? output : pathOf(file));
  await Deno.writeTextFile(
    output,
    text.replaceAll(/(from |import\()"(\.[^"]+)\.ts"/g, '$1"$2.js"'),
  );
}

/** Cloudflare's package imports a module of its runtime, for a class that its gate does not need. */
async function makeCloudflareImportable(folder: string): Promise<void> {
  const path = `${PACKAGES}node_modules/@cloudflare/workers-oauth-provider/dist/oauth-provider.js`;
  const text = await Deno.readTextFile(path);
  const stub = "const WorkerEntrypoint = class {};";
  await Deno.writeTextFile(
    `${folder}bench/programs/cloudflare.js`,
    text.replace('import { WorkerEntrypoint } from "cloudflare:workers";', stub),
  );
}

async function run(cwd: string, command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, cwd }).output();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
}

/** The path of a file in this folder. */
export function pathOf(file: string): string {
  return new URL(file, import.meta.url).pathname;
}
