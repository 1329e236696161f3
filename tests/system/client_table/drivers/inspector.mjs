// The command line of the MCP Inspector: a process for each call, with its tokens in its home.
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { serve, textOf, url } from "./host.mjs";

const launcher = `${import.meta.dirname}/node_modules/@modelcontextprotocol/inspector/` +
  "clients/launcher/build/index.js";

async function run(method, ...args) {
  const fixed = ["--cli", url.href, "--transport", "http", "--format", "json"];
  const callback = ["--callback-url", "http://127.0.0.1:6280/oauth/callback"];
  const env = { ...process.env, MCP_AUTO_OPEN_ENABLED: "true", MCP_INSPECTOR_SECRET_STORE: "file" };
  const all = [launcher, ...fixed, ...callback, "--method", method, ...args];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, all, { env, timeout: 50_000 });
    return JSON.parse(stdout.slice(stdout.indexOf('{"result"')).split("\n")[0]).result;
  } catch (error) {
    const said = (error.stderr ?? "").trim().split("\n").at(-1);
    throw new Error(said === "" ? error.message : said);
  }
}

await serve({
  // A session begins with each command.
  connect: () => run("tools/list"),
  list: async () => (await run("tools/list")).tools.map(({ name }) => name),
  call: async (name) => textOf(await run("tools/call", "--tool-name", name)),
  close: () => Promise.resolve(),
});
