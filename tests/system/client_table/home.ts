/**
 * Starts the processes of a client, in a home of its own.
 *
 * @module
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../support/root.ts";
import type { Client } from "./clients.ts";
import { type Driver, startDriver } from "./driver.ts";
import { playProgram } from "./program.ts";
import { PROGRAMS } from "./programs.ts";
import type { Start } from "./scenarios.ts";
import type { Stage } from "./stage.ts";

const NODE = fileURLToPath(new URL(".ci/tools/node_modules/node24/bin/node", root));

/** Measures an installed client in a home of its own. */
export async function atHome<T>(
  client: Client,
  folder: string,
  measureClient: (start: Start) => Promise<T>,
): Promise<T> {
  const home = await Deno.makeTempDir({ prefix: "client-" });
  try {
    return await measureClient((stage) => inTurn(() => start(client, folder, home, stage)));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function start(
  client: Client,
  folder: string,
  home: string,
  stage: Stage,
): Promise<Driver> {
  const { id, driver, header } = client;
  const browser = fileURLToPath(new URL("drivers/", import.meta.url));
  const env = {
    HOME: home,
    PATH: `${browser}:${folder}/bin:${dirname(NODE)}:${Deno.env.get("PATH") ?? ""}`,
    MCP_URL: stage.mcpUrl,
    BROWSER_URL: stage.browserUrl,
    BROWSER: `${browser}xdg-open`,
    NO_COLOR: "1",
    ...(header === true && { MCP_TOKEN: await stage.mintToken() }),
  };
  const program = PROGRAMS[id];
  if (program !== undefined) {
    // Tokens of another stage are of no use, and some programs find them again by the name.
    const own = await Deno.makeTempDir({ dir: home });
    const around = { mcpUrl: stage.mcpUrl, home: own, folder, env: { ...env, HOME: own } };
    return playProgram(program, around);
  }
  const path = `${folder}/${driver}`;
  const [command, ...args] = path.endsWith(".mjs")
    ? [NODE, "--no-warnings", path]
    : path.endsWith(".py")
    ? [`${folder}/bin/python`, path]
    : path.endsWith(".java")
    ? ["java", "-cp", `${folder}/lib/*:${folder}`, "JavaSdk"]
    : path.endsWith(".kt")
    ? ["java", "-cp", `${folder}/lib/*:${folder}`, "KotlinSdkKt"]
    : [`${folder}/client`];
  return await startDriver({ program: command, args, cwd: home, env });
}

let loading: Promise<unknown> = Promise.resolve();

/**
 * Loads one process after another. Loading takes seconds of a processor, and several at once would
 * slow down the clients that are being measured.
 */
function inTurn(load: () => Promise<Driver>): Promise<Driver> {
  const loaded = loading.then(load);
  loading = loaded.catch(() => {});
  return loaded;
}
