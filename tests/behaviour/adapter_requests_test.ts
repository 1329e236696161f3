/** The handler behind srvx, the server below h3 and Nitro: its requests cannot be copied. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "srvx/node";
import type { PropelAuthOptions } from "../../src/options/propel_auth_options.ts";
import { createHarness } from "../support/harness.ts";

const LIST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });

const ROWS: [what: string, options: Partial<PropelAuthOptions>, init: RequestInit, body: string][] =
  [
    ["a GET", {}, { method: "GET" }, ""],
    ["a body", {}, { method: "POST", body: LIST }, LIST],
    ["a streamed body", {}, { method: "POST", body: new Blob([LIST]).stream() }, LIST],
    ["a body that is judged", { operations: {} }, { method: "POST", body: LIST }, LIST],
  ];

for (const [what, options, init, body] of ROWS) {
  test(`handler() admits ${what} behind srvx, and hides its credentials`, async () => {
    const { auth } = createHarness(options);
    const handler = auth.handler(async (request, { authInfo }) =>
      Response.json([
        authInfo.subject,
        request.headers.get("Authorization"),
        request.headers.get("X-Own"),
        await request.text(),
      ]), { everyPath: true });
    const server = serve({ port: 0, hostname: "127.0.0.1", silent: true, fetch: handler });
    await server.ready();
    try {
      const send = async (headers: Record<string, string>) =>
        await fetch(server.url ?? "", {
          ...init,
          duplex: "half",
          headers: { "Content-Type": "application/json", "X-Own": "1", ...headers },
        } as RequestInit);
      const admitted = await send({ "Authorization": "Bearer token-1" });
      assert.deepEqual(await admitted.json(), ["user-1", null, "1", body]);
      if (init.body instanceof ReadableStream) return;
      assert.equal((await send({})).status, 401);
    } finally {
      await server.close(true);
    }
  });
}
