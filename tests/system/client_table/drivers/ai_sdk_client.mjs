// The MCP client of the AI SDK, as the scenarios command it.
import { auth, createMCPClient } from "@ai-sdk/mcp";
import { createProvider, info, textOf, url, withLogin } from "./host.mjs";

const authProvider = createProvider();
let opened, tools;
const finish = (answer) =>
  auth(authProvider, {
    serverUrl: url,
    authorizationCode: answer.get("code"),
    callbackState: answer.get("state"),
    callbackIssuer: answer.get("iss"),
  });

export const client = {
  connect: () =>
    withLogin(authProvider, async () => {
      const transport = { type: "http", url: url.href, authProvider };
      opened = await createMCPClient({ transport, clientName: info.name });
    }, finish),
  async list() {
    tools = await opened.tools();
    return Object.keys(tools);
  },
  call: (name, input) =>
    withLogin(authProvider, async () => {
      tools ??= await opened.tools();
      return textOf(await tools[name].execute(input, { toolCallId: "call", messages: [] }));
    }, finish),
  async close() {
    tools = undefined;
    await opened.close();
  },
};
