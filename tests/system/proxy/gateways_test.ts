/** `examples/proxy.ts` before programs that turn a server on standard input into one on HTTP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { callThroughProxy } from "./proxied.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const bin = `${root}.ci/tools/node_modules/.bin`;
// Beside an installed SDK, where Node finds it.
const server = `${root}.ci/tools/node_modules/.stdio_server.mjs`;
await Deno.copyFile(new URL("stdio_server.mjs", import.meta.url), server);

const GATEWAYS: [name: string, program: string, args: (port: number) => string[]][] = [
  ["supergateway", `${bin}/supergateway`, (port) => [
    ...["--stdio", `node ${server}`, "--outputTransport", "streamableHttp", "--stateful"],
    ...["--port", `${port}`, "--logLevel", "none"],
  ]],
  ["mcp-proxy", `${bin}/mcp-proxy`, (port) => [
    ...["--host", "127.0.0.1", "--port", `${port}`, "--server", "stream", "--", "node", server],
  ]],
];

for (const [name, program, args] of GATEWAYS) {
  test(`examples/proxy.ts passes calls to a server behind ${name}`, async () => {
    const { texts } = await callThroughProxy({ program, args });
    assert.deepEqual(texts, ["over stdio", "over stdio"]);
  });
}
