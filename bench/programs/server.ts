// The MCP server that the measures call: bare, guarded, or guarded with a policy. It prints its URL, and
// exits when its standard input ends. Arguments: "bare", "guarded" or "policy", and "list" for many tools
// deno-lint-ignore-file no-console
import { createGate, createListServer, createMcpServer, RULES } from "../fixture.ts";

const [kind = "", list] = Deno.args;
const mcp = list ? createListServer() : createMcpServer();
let handler = (request: Request): Promise<Response> => mcp.fetch(request);
const { addr } = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  (request) => handler(request),
);
const baseUrl = `http://127.0.0.1:${addr.port}`;
if (kind !== "bare") {
  const rules = kind === "policy" ? RULES : undefined;
  handler = createGate(baseUrl, {}, undefined, rules).handler(mcp);
}
console.log(`${baseUrl}/mcp`);
await Deno.stdin.readable.pipeTo(new WritableStream());
Deno.exit();
