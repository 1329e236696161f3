// Mastra's MCP client.
import { MCPClient } from "@mastra/mcp";
import { auth } from "@modelcontextprotocol/client";
import { createProvider, serve, url, withLogin } from "./host.mjs";

const authProvider = createProvider();
let client, tools;
let sessions = 0;
const finish = (answer) =>
  auth(authProvider, {
    serverUrl: url,
    authorizationCode: answer.get("code"),
    iss: answer.get("iss"),
  });

await serve({
  connect: () =>
    withLogin(authProvider, async () => {
      await client?.disconnect();
      // Mastra refuses a second client with the same id.
      client = new MCPClient({
        id: `client-${++sessions}`,
        servers: { reports: { url, authProvider } },
      });
      tools = await client.listTools();
      // It reports no error: without a tool nothing can be called.
      if (Object.keys(tools).length === 0) throw new Error("listTools() resolves to {}");
    }, finish),
  list: () => Promise.resolve(Object.keys(tools)),
  call: (name, input) =>
    withLogin(
      authProvider,
      async () => JSON.stringify(await tools[`reports_${name}`].execute(input, {})),
      finish,
    ),
  close: () => client.disconnect(),
});
