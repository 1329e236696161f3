// The MCP client of Strands Agents for JavaScript.
import { McpClient } from "@strands-agents/sdk";
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { createProvider, serve, url, withLogin } from "./host.mjs";

const authProvider = createProvider();
let client, tools;
const finish = (answer) =>
  auth(authProvider, { serverUrl: url, authorizationCode: answer.get("code") });

await serve({
  connect: () =>
    withLogin(authProvider, async () => {
      client = new McpClient({ url, authProvider });
      tools = await client.listTools();
    }, finish),
  list: () => Promise.resolve(tools.map(({ name }) => name)),
  call: (wanted, input) =>
    withLogin(authProvider, async () => {
      const tool = tools.find(({ name }) => name === wanted);
      return JSON.stringify(await client.callTool(tool, input));
    }, finish),
  close: () => client.disconnect(),
});
