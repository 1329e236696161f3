// A server with an audit trail on Deno: when it is stopped, each call that was answered is written.
// deno-lint-ignore-file no-console no-unversioned-import
import { createPropelAuth } from "jsr:@x/propelauth-mcp";
import { createFileLog } from "./file.ts";
import { mcp } from "./mcp_server.ts";

const log = createFileLog(Deno.env.get("AUDIT_FILE") ?? "calls.jsonl");
const auth = createPropelAuth.fromEnv({ audit: log });
const own = { hostname: "127.0.0.1", port: Number(Deno.env.get("PORT") ?? 8000) };
const server = Deno.serve(own, auth.handler(mcp));
console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);

Deno.addSignalListener("SIGTERM", async () => {
  // Ends the streams that stand open without a call.
  auth.close();
  // Takes no more requests; those under way go on.
  server.shutdown();
  // Waits for the calls under way, and writes what is in the queue.
  const { dropped, waiting } = await log.close();
  console.log("lost:", dropped + waiting);
  Deno.exit();
});
