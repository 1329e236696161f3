// A server that `bench.ts` loads, protected or bare: prints its URL, and ends when its standard
// input does.
// deno-lint-ignore-file no-console
import { createGate, createMcpServer } from "./parts.ts";

const mcp = createMcpServer();
let handler = (request: Request): Promise<Response> => mcp.fetch(request);
const { addr } = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  (request) => handler(request),
);
const baseUrl = `http://127.0.0.1:${addr.port}`;
if (Deno.args[0] === "guarded") handler = createGate(baseUrl).handler(mcp);
console.log(`${baseUrl}/mcp`);
await Deno.stdin.readable.pipeTo(new WritableStream());
Deno.exit();
