/** The MCP server's own limit for a body holds, where the gate does not parse the body for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { createHarness, mcpRequest } from "../support/harness.ts";

/** The gate parses bodies of up to 64 KiB. */
const MAX_PARSED_BYTES = 64 * 1024;
const CALL = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

for (const limit of [undefined, 2 * MAX_PARSED_BYTES]) {
  const bytes = limit ?? 4 * 1024 * 1024;
  test(`handler() leaves the MCP SDK its limit of ${bytes} bytes for a body`, async () => {
    const mcp = createMcpHandler(
      () => new McpServer({ name: "test", version: "1.0.0" }),
      limit === undefined ? {} : { maxRequestBodySize: limit },
    );
    const serve = createHarness().auth.handler(mcp);
    const statusOf = async (length: number) => {
      const pad = "x".repeat(length - CALL.length - '"pad":"",'.length);
      const body = `{"pad":"${pad}",${CALL.slice(1)}`;
      const headers = { "Content-Type": "application/json", "Content-Length": `${body.length}` };
      return (await serve(mcpRequest("token-1", { body, headers }))).status;
    };
    assert.notEqual(await statusOf(bytes), 413);
    assert.equal(await statusOf(bytes + 1), 413);
  });
}
