import assert from "node:assert/strict";
import { test } from "node:test";
import { buildJsonRpcError } from "../../src/http/json_rpc_error.ts";

test("buildJsonRpcError() builds the error that MCP clients read", async () => {
  const response = buildJsonRpcError(404, "session_not_found", "Session not found");
  assert.equal(response.status, 404);
  assert.equal(response.headers.get("Cache-Control"), "no-store");
  assert.deepEqual(await response.json(), {
    jsonrpc: "2.0",
    error: { code: -32001, message: "Session not found" },
    id: null,
  });
});
