import assert from "node:assert/strict";
import { test } from "node:test";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import { call, DENY, message, read, send } from "./tried.ts";

// Operations that are in no rule.

// defaultOperation: "deny"
const ALLOWED = [
  message("initialize", {}),
  message("ping"),
  message("server/discover"),
  message("notifications/initialized"),
  message("tools/list"),
  message("prompts/list"),
  message("resources/list"),
  message("resources/templates/list"),
  message("logging/setLevel", { level: "info" }),
  message("subscriptions/listen", { notifications: { toolsListChanged: true } }),
  message("tasks/list"),
  call("about"),
  read("notes://1"),
  read("https://example.com/1"),
  { jsonrpc: "2.0", id: 1, result: {} },
];
const DENIED = [
  call("other"),
  call("About"),
  call("about "),
  call("toString"),
  call("__proto__"),
  read("notes://1/2"),
  read("other://1"),
  read("https://example.com/a/../../b/c"),
  read("https://example.com/.."),
  message("prompts/get", { name: "other" }),
  message("completion/complete", { ref: { type: "ref/prompt", name: "other" } }),
  message("subscriptions/listen", {
    notifications: { resourceSubscriptions: ["notes://1", "other://1"] },
  }),
  message("tasks/get", { taskId: "1" }),
  message("x/y"),
  [call("about"), call("other")],
];

for (const body of ALLOWED) {
  test(`handler() hands on ${JSON.stringify(body)} where the unknown is refused`, async () => {
    const { response } = await send(JSON.stringify(body), "mcp notes:admin", DENY);
    assert.equal(response.status, 200);
  });
}

for (const body of DENIED) {
  test(`handler() refuses ${JSON.stringify(body)} where the unknown is, without a challenge`, async () => {
    const { response, reached } = await send(JSON.stringify(body), "mcp notes:admin search", DENY);
    assert.deepEqual([response.status, reached], [403, undefined]);
    // A challenge would send the client to step up, and no scope helps.
    assert.equal(response.headers.get("WWW-Authenticate"), null);
    assert.equal(
      (await response.json()).error.message,
      "This server does not offer this operation",
    );
  });
}

test("handler() refuses every unlisted operation with defaultOperation deny and no rule", async () => {
  const deny: Partial<PropelAuthOptions> = { defaultOperation: "deny" };
  const list = await send(JSON.stringify(message("tools/list")), "", deny);
  const tool = await send(JSON.stringify(call("about")), "", deny);
  assert.deepEqual([list.response.status, tool.response.status], [200, 403]);
});
