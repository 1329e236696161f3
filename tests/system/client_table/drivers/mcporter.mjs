// mcporter: a process for each call, with its tokens in its home.
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";
import { serve, url } from "./host.mjs";

const program = `${import.meta.dirname}/node_modules/mcporter/dist/cli.js`;
const config = `${process.env.HOME}/mcporter.json`;
await mkdir(process.env.HOME, { recursive: true });
const mcpServers = { reports: { url: url.href, auth: "oauth" } };
await writeFile(config, JSON.stringify({ mcpServers, imports: [] }));

async function run(...args) {
  const all = [program, "--config", config, ...args];
  try {
    return (await promisify(execFile)(process.execPath, all, { timeout: 50_000 })).stdout;
  } catch (error) {
    const said = `${error.stdout ?? ""} ${error.stderr ?? ""}`.trim();
    throw new Error(said === "" ? error.message : said);
  }
}

let loggedIn = false;

await serve({
  async connect() {
    if (!loggedIn) await run("auth", "reports");
    loggedIn = true;
    const listed = await run("list", "reports");
    if (!listed.includes("whoami")) throw new Error(listed);
  },
  list: () => run("list", "reports"),
  call: (name) => run("call", `reports.${name}`),
  close: () => Promise.resolve(),
});
