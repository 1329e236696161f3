// The MCP client of the OpenAI Agents SDK for JavaScript.
import { MCPServerStreamableHttp } from "@openai/agents";
import { auth } from "@modelcontextprotocol/client";
import { createProvider, serve, textOf, url, withLogin } from "./host.mjs";

const authProvider = createProvider();
let server;
const finish = (answer) =>
  auth(authProvider, {
    serverUrl: url,
    authorizationCode: answer.get("code"),
    iss: answer.get("iss"),
  });

await serve({
  connect: () =>
    withLogin(authProvider, async () => {
      server = new MCPServerStreamableHttp({ url: url.href, name: "reports", authProvider });
      await server.connect();
    }, finish),
  list: async () => (await server.listTools()).map(({ name }) => name),
  call: (name, input) =>
    withLogin(
      authProvider,
      async () => textOf(await server.callToolResult(name, input)),
      finish,
    ),
  close: () => server.close(),
});
