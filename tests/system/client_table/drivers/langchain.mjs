// LangChain's MCP adapters for JavaScript.
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { createProvider, serve, url, withLogin } from "./host.mjs";

const authProvider = createProvider();
let client, tools;
const finish = (answer) =>
  auth(authProvider, { serverUrl: url, authorizationCode: answer.get("code") });

await serve({
  connect: () =>
    withLogin(authProvider, async () => {
      client = new MultiServerMCPClient({
        mcpServers: { reports: { url: url.href, authProvider, automaticSSEFallback: false } },
      });
      tools = await client.getTools();
    }, finish),
  list: () => Promise.resolve(tools.map(({ name }) => name)),
  call: (wanted, input) =>
    withLogin(
      authProvider,
      async () => JSON.stringify(await tools.find(({ name }) => name === wanted).invoke(input)),
      finish,
    ),
  close: () => client.close(),
});
