// A server with an audit trail on Node: when it is stopped, each call that was answered is written.
// deno-lint-ignore-file no-console no-unversioned-import
import { createServer } from "node:http";
import process from "node:process";
import { createPropelAuth } from "jsr:@x/propelauth-mcp";
import { getRequestListener } from "@hono/node-server";
import { createFileLog } from "./file.ts";
import { mcp } from "./mcp_server.ts";

const log = createFileLog(process.env["AUDIT_FILE"] ?? "calls.jsonl");
const auth = createPropelAuth.fromEnv({ audit: log });
const server = createServer(getRequestListener(auth.handler(mcp)));
server.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1", () => {
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
});

process.once("SIGTERM", async () => {
  // Ends the streams that stand open without a call.
  auth.close();
  // Takes no more connections; the requests under way go on.
  server.close();
  // Waits for the calls under way, and writes what is in the queue.
  const { dropped, waiting } = await log.close();
  console.log("lost:", dropped + waiting);
  process.exit();
});
