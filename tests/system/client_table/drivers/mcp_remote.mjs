// mcp-remote, the bridge for clients that start programs, behind the client of the MCP SDK.
import process from "node:process";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { info, serve, textOf, url } from "./host.mjs";

let client, transport;
let printed = "";
/** Adds the bridge's own error, which a user finds in the log of the program that starts it. */
const withLog = async (run) => {
  printed = "";
  try {
    return await run();
  } catch (error) {
    throw new Error(`${error.message} <- ${/^.*Error.*$/m.exec(printed)?.[0] ?? ""}`);
  }
};

await serve({
  connect: () =>
    withLog(async () => {
      transport = new StdioClientTransport({
        command: process.execPath,
        args: ["node_modules/mcp-remote/dist/proxy.js", url.href, "3334"],
        cwd: import.meta.dirname,
        env: process.env,
        stderr: "pipe",
      });
      transport.stderr.on("data", (part) => {
        printed += part;
      });
      client = new Client(info);
      await client.connect(transport);
    }),
  list: async () => (await client.listTools()).tools.map(({ name }) => name),
  call: async (name, input) => textOf(await client.callTool({ name, arguments: input })),
  close: () => client.close(),
});
