// The MCP client of the AI SDK.
import { auth, createMCPClient } from "@ai-sdk/mcp";
import { createProvider, info, serve, textOf, url, withLogin } from "./host.mjs";

const authProvider = createProvider();
let client, tools;
const finish = (answer) =>
  auth(authProvider, {
    serverUrl: url,
    authorizationCode: answer.get("code"),
    callbackState: answer.get("state"),
    callbackIssuer: answer.get("iss"),
  });

await serve({
  connect: () =>
    withLogin(authProvider, async () => {
      const transport = { type: "http", url: url.href, authProvider };
      client = await createMCPClient({ transport, clientName: info.name });
    }, finish),
  async list() {
    tools = await client.tools();
    return Object.keys(tools);
  },
  call: (name, input) =>
    withLogin(authProvider, async () => {
      tools ??= await client.tools();
      return textOf(await tools[name].execute(input, { toolCallId: "call", messages: [] }));
    }, finish),
  async close() {
    tools = undefined;
    await client.close();
  },
});
