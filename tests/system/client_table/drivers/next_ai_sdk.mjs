// The MCP client of the AI SDK in a route handler of a Next.js application, built for production.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { promisify } from "node:util";
import { serve } from "./host.mjs";

const dir = import.meta.dirname;
const route = `import { client } from "../../ai_sdk_client.mjs";
import { answer } from "../../host.mjs";

export const POST = async (request) => Response.json(await answer(client, await request.json()));
`;

process.env.NEXT_TELEMETRY_DISABLED = "1";
if (!existsSync(`${dir}/.next/BUILD_ID`)) {
  await mkdir(`${dir}/app/command`, { recursive: true });
  await writeFile(`${dir}/app/command/route.js`, route);
  const next = `${dir}/node_modules/next/dist/bin/next`;
  await promisify(execFile)(process.execPath, [next, "build"], { cwd: dir });
}
const createApp = createRequire(import.meta.url)("next");
const app = createApp({ dev: false, dir });
await app.prepare();
const handle = app.getRequestHandler();
const server = createServer((request, response) => handle(request, response));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

async function ask(command, tool, input) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/command`, {
    method: "POST",
    body: JSON.stringify({ command, tool, input }),
  });
  const { ok, text } = await response.json();
  if (!ok) throw text;
  return text;
}

await serve({
  connect: () => ask("connect"),
  list: () => ask("list"),
  call: (tool, input) => ask("call", tool, input),
  close: () => ask("close"),
});
