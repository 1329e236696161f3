// The client of the MCP SDK for TypeScript, version 2.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createProvider, info, serve, textOf, url, withLogin } from "./host.mjs";

const authProvider = createProvider();
let client, transport;
const finish = (answer) => transport.finishAuth(answer);

await serve({
  connect: () =>
    withLogin(authProvider, async () => {
      transport = new StreamableHTTPClientTransport(url, { authProvider });
      client = new Client(info);
      await client.connect(transport);
    }, finish),
  list: async () => (await client.listTools()).tools.map(({ name }) => name),
  call: (name, input) =>
    withLogin(
      authProvider,
      async () => textOf(await client.callTool({ name, arguments: input })),
      finish,
    ),
  close: () => client.close(),
});
