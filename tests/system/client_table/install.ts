/**
 * Installs clients into `/.clients`, each into a folder of its own, those of `npm/package.json` into
 * one.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { root } from "../../support/root.ts";
import type { Client } from "./clients.ts";

export const FOLDER = fileURLToPath(new URL(".clients/", root));
const DRIVERS = new URL("drivers/", import.meta.url);
const MANIFEST = new URL("npm/", import.meta.url);
const NPM_FLAGS = ["--loglevel=error", "--no-audit", "--no-fund", "--ignore-scripts"];

/** The folder of a client, installed as it is listed. Does nothing when it is there already. */
export async function install({ id, install, driver }: Client): Promise<string> {
  const isLocked = "locked" in install;
  const folder = `${FOLDER}${isLocked ? "locked" : id}`;
  if ("tools" in install) return folder;
  const stamp = `${folder}/installed.json`;
  const wanted = isLocked
    ? await Deno.readTextFile(new URL("package-lock.json", MANIFEST))
    : JSON.stringify(install);
  if (await Deno.readTextFile(stamp).catch(() => "") !== wanted) {
    await Deno.mkdir(folder, { recursive: true });
    if ("npm" in install) await installFromNpm(folder, install.npm);
    else if ("pypi" in install) await installFromPypi(folder, install.pypi);
    else if ("locked" in install) await installLocked(folder);
    else if ("maven" in install) await installFromMaven(folder, install.maven);
    else if ("go" in install) await installFromGo(folder, install.go);
    else await installFromCrates(folder, install.crates);
  }
  if (driver === undefined) {
    await Deno.writeTextFile(stamp, wanted);
    return folder;
  }
  for await (const { name } of Deno.readDir(DRIVERS)) {
    await Deno.copyFile(new URL(name, DRIVERS), `${folder}/${name}`);
  }
  if ("go" in install) {
    await run(folder, "go", ["mod", "tidy"]);
    await run(folder, "go", ["build", "-o", "client", "host.go", driver]);
  } else if (driver.endsWith(".kt")) {
    await compileKotlin(folder, driver);
  } else if ("maven" in install) {
    await run(folder, "javac", ["-nowarn", "-cp", "lib/*", driver]);
  } else if ("crates" in install) {
    await Deno.copyFile(`${folder}/${driver}`, `${folder}/src/main.rs`);
    await run(folder, "cargo", ["build", "--quiet"]);
    await Deno.copyFile(`${folder}/target/debug/client`, `${folder}/client`);
  }
  await Deno.writeTextFile(stamp, wanted);
  return folder;
}

/** Installs all clients of `npm/package.json`, as the lock file has them. */
async function installLocked(folder: string): Promise<void> {
  for (const name of ["package.json", "package-lock.json"]) {
    await Deno.copyFile(new URL(name, MANIFEST), `${folder}/${name}`);
  }
  await run(folder, "npm", ["ci", ...NPM_FLAGS]);
}

async function installFromNpm(folder: string, packages: readonly string[]): Promise<void> {
  await Deno.writeTextFile(`${folder}/package.json`, '{ "private": true, "type": "module" }\n');
  await run(folder, "npm", ["install", "--save-exact", ...NPM_FLAGS, ...packages]);
}

async function installFromPypi(folder: string, packages: readonly string[]): Promise<void> {
  await run(folder, "python3", ["-m", "venv", "."]);
  // Python compiles the few modules that a driver imports when it first loads them.
  await run(folder, "bin/pip", ["install", "--quiet", "--no-compile", ...packages]);
}

async function installFromMaven(folder: string, names: readonly string[]): Promise<void> {
  const wanted = names.map((name) => {
    const [group, artifact, version] = name.split(":");
    const parts = Object.entries({ groupId: group, artifactId: artifact, version });
    const inner = parts.map(([tag, text]) => `<${tag}>${text}</${tag}>`).join("");
    return `<dependency>${inner}</dependency>`;
  });
  const own = "<modelVersion>4.0.0</modelVersion><groupId>client</groupId>" +
    "<artifactId>client</artifactId><version>1</version>";
  const dependencies = `<dependencies>${wanted.join("")}</dependencies>`;
  await Deno.writeTextFile(`${folder}/pom.xml`, `<project>${own}${dependencies}</project>\n`);
  await run(folder, "mvn", ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]);
}

/** Kotlin's compiler is one of the client's packages. */
async function compileKotlin(folder: string, driver: string): Promise<void> {
  const jars = [];
  for await (const { name } of Deno.readDir(`${folder}/lib`)) jars.push(`lib/${name}`);
  const compiler = ["-cp", "lib/*", "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"];
  const options = ["-no-stdlib", "-nowarn", "-cp", jars.join(":"), "-d", "."];
  await run(folder, "java", [...compiler, ...options, driver]);
}

async function installFromGo(folder: string, packages: readonly string[]): Promise<void> {
  await Deno.remove(`${folder}/go.mod`).catch(() => {});
  await run(folder, "go", ["mod", "init", "client"]);
  await run(folder, "go", ["get", ...packages]);
}

async function installFromCrates(folder: string, dependencies: readonly string[]): Promise<void> {
  const manifest = ["[package]", 'name = "client"', 'version = "0.1.0"', 'edition = "2024"'];
  const lines = [...manifest, "[dependencies]", ...dependencies].join("\n");
  await Deno.mkdir(`${folder}/src`, { recursive: true });
  await Deno.writeTextFile(`${folder}/Cargo.toml`, `${lines}\n`);
}

async function run(cwd: string, program: string, args: readonly string[]): Promise<void> {
  const path = program.includes("/") ? `${cwd}/${program}` : program;
  const command = new Deno.Command("timeout", { args: ["900", path, ...args], cwd });
  const { code, stderr } = await command.output();
  if (code !== 0) throw new Error(`${program} ${args}: ${new TextDecoder().decode(stderr)}`);
}
