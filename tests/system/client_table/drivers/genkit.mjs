// Genkit's MCP host.
import { createMcpHost } from "@genkit-ai/mcp";
import { genkit } from "genkit";
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { createProvider, info, serve, url, withLogin } from "./host.mjs";

const authProvider = createProvider();
const ai = genkit({});
let host, tools;
const finish = (answer) =>
  auth(authProvider, { serverUrl: url, authorizationCode: answer.get("code") });

await serve({
  connect: () =>
    withLogin(authProvider, async () => {
      host = createMcpHost({
        name: info.name,
        mcpServers: { reports: { url: url.href, authProvider } },
      });
      tools = await host.getActiveTools(ai);
      // The host reports no error: without a tool nothing can be called.
      if (tools.length === 0) throw new Error("getActiveTools() resolves to []");
    }, finish),
  list: () => Promise.resolve(tools.map(({ __action }) => __action.name)),
  call: (name, input) =>
    withLogin(authProvider, async () => {
      const tool = tools.find(({ __action }) => __action.name === `reports/${name}`);
      return JSON.stringify(await tool(input));
    }, finish),
  close: () => host.close(),
});
