// LlamaIndex's MCP client for JavaScript.
import { mcp } from "@llamaindex/tools";
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { createProvider, info, serve, url, withLogin } from "./host.mjs";

const authProvider = createProvider();
let client, tools;
const finish = (answer) =>
  auth(authProvider, { serverUrl: url, authorizationCode: answer.get("code") });

await serve({
  connect: () =>
    withLogin(authProvider, async () => {
      client = mcp({ url: url.href, authProvider, clientName: info.name });
      tools = await client.tools();
    }, finish),
  list: () => Promise.resolve(tools.map(({ metadata }) => metadata.name)),
  call: (name, input) =>
    withLogin(authProvider, async () => {
      const tool = tools.find(({ metadata }) => metadata.name === name);
      return JSON.stringify(await tool.call(input));
    }, finish),
  close: () => client.cleanup(),
});
