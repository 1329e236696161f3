// Google's Agent Development Kit for JavaScript.
import { MCPToolset } from "@google/adk";
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { createProvider, serve, textOf, url, withLogin } from "./host.mjs";

const authProvider = createProvider();
let toolset, tools;
const finish = (answer) =>
  auth(authProvider, { serverUrl: url, authorizationCode: answer.get("code") });

await serve({
  connect: () =>
    withLogin(authProvider, async () => {
      toolset = new MCPToolset({
        type: "StreamableHTTPConnectionParams",
        url: url.href,
        transportOptions: { authProvider },
      });
      tools = await toolset.getTools();
    }, finish),
  list: () => Promise.resolve(tools.map(({ name }) => name)),
  call: (wanted, args) =>
    withLogin(
      authProvider,
      async () => {
        const tool = tools.find(({ name }) => name === wanted);
        return textOf(await tool.runAsync({ args, toolContext: {} }));
      },
      finish,
    ),
  close: () => toolset.close(),
});
