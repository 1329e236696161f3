// A server whose tool takes a moment, and whose log writes slowly: 20 calls may wait. Started by
// `audit_test.ts`.
// deno-lint-ignore-file no-console
import { appendFile } from "node:fs/promises";
import { createServer } from "node:http";
import process from "node:process";
import { getRequestListener } from "@hono/node-server";
import { createPropelAuth } from "@x/propelauth-mcp";
import { auditLog } from "@x/propelauth-mcp/audit";
import { mcp } from "../../examples/audit/mcp_server.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const log = auditLog({
  async write(events) {
    await pause(20);
    const lines = events.map((event) => `${JSON.stringify(event)}\n`);
    await appendFile(process.env["AUDIT_FILE"] ?? "", lines.join(""));
  },
  maxBatchSize: 5,
  maxQueuedCalls: 20,
  whenFull: "refuse",
  auditArguments: ({ arguments: { id } }) => ({ id }),
});
const auth = createPropelAuth.fromEnv({ audit: log });
createServer(getRequestListener(auth.handler(mcp)))
  .listen(Number(process.env["PORT"]), "127.0.0.1", () => {
    console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
  });
