import assert from "node:assert/strict";
import { test } from "node:test";
import type { HandlerOptions } from "../../src/http/handler.ts";
import type { McpFunction } from "../../src/http/mcp_server.ts";
import {
  ACTIVE,
  createHarness,
  json,
  mcpRequest,
  METADATA_URL,
  RESOURCE,
} from "../support/harness.ts";

// The requests of the MCP endpoint itself are in mcp_endpoint_test.ts.

const echo: McpFunction = (_request, { authInfo }) => Response.json({ subject: authInfo.subject });

const BAD_OPTIONS: [options: unknown, says: string][] = [
  [null, "options must be an object: received null"],
  [
    { fallBack: echo },
    "fallBack must be a known option: received an unknown one; did you mean fallback?",
  ],
  [{ cors: true }, "cors must be one of fallback, everyPath: received an unknown option"],
  [{ fallback: "404" }, 'fallback must be a function: received "404"'],
  [{ everyPath: "yes" }, 'everyPath must be true or false: received "yes"'],
];

for (const [options, says] of BAD_OPTIONS) {
  test(`handler() refuses ${JSON.stringify(options)} for its options`, () => {
    const { auth } = createHarness();
    assert.throws(() => auth.handler(echo, options as HandlerOptions), {
      name: "TypeError",
      message: `Cannot create a handler: ${says}`,
    });
  });
}

test("handler() refuses a request of Node's own, which would get no response", async () => {
  const { auth } = createHarness();
  const incoming = { url: "/mcp", method: "POST", headers: { host: "mcp.example.com" } };
  for (const everyPath of [false, true]) {
    await assert.rejects(auth.handler(echo, { everyPath })(incoming as unknown as Request), {
      name: "TypeError",
      message: /^Cannot answer a request: it must be a web-standard Request\. .+requireAuth\(\)/,
    });
  }
});

const NOT_MCP = ["/", "/mcp/a", "/mcpx", "/MCP", "/m%63p", "/.well-known/openid-configuration"];

for (const path of NOT_MCP) {
  test(`handler() leaves ${path} to the fallback, unguarded and unasked`, async () => {
    const { auth, asked } = createHarness();
    const handler = auth.handler(() => new Response("guarded"), {
      fallback: (request) => new Response(new URL(request.url).pathname),
    });
    const request = new Request(`https://mcp.example.com${path}`, {
      headers: { "Authorization": "Bearer token-1" },
    });
    assert.equal(await (await handler(request)).text(), path);
    assert.deepEqual(asked, []);
  });
}

for (const path of [...NOT_MCP, "/.well-known/oauth-protected-resource/mcp"]) {
  test(`handler() guards ${path} too when a router has chosen the path`, async () => {
    const { auth, asked } = createHarness();
    const handler = auth.handler(echo, { everyPath: true });
    const url = `https://mcp.example.com${path}`;
    assert.equal((await handler(new Request(url))).status, 401);
    const headers = { "Authorization": "Bearer token-1" };
    const response = await handler(new Request(url, { headers }));
    assert.equal((await response.json()).subject, "user-1");
    assert.deepEqual(asked, ["token-1"]);
  });
}

test("handler() still reads the organization from the path when a router has chosen it", async () => {
  const { auth } = createHarness(
    { mcpPath: "/o/{orgId}/mcp" },
    () => json({ ...ACTIVE, org_id: "acme", aud: "https://mcp.example.com/o/acme/mcp" }),
  );
  const handler = auth.handler(echo, { everyPath: true });
  const statuses = ["/o/acme/mcp", "/o/other/mcp", "/mcp"].map(async (path) => {
    const headers = { "Authorization": "Bearer token-1" };
    return (await handler(new Request(`https://mcp.example.com${path}`, { headers }))).status;
  });
  assert.deepEqual(await Promise.all(statuses), [200, 401, 404]);
});

test("handler() says where the MCP endpoint is when there is no fallback", async () => {
  const { auth } = createHarness({ mcpPath: "/api/mcp" });
  const response = await auth.handler(echo)(new Request("https://mcp.example.com/"));
  assert.equal(response.status, 404);
  assert.match(await response.text(), /\/api\/mcp\n$/);
});

test("handler() guards the MCP path with a slash at its end too", async () => {
  const { auth } = createHarness();
  const response = await auth.handler(echo)(new Request(`${RESOURCE}/`));
  assert.equal(response.status, 401);
});

test("handler() serves the metadata where the challenge says, for a resource above the path", async () => {
  const { auth } = createHarness({ resource: "https://mcp.example.com" });
  const handler = auth.handler(echo);
  const challenge = (await handler(mcpRequest(null))).headers.get("WWW-Authenticate") ?? "";
  const url = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? "";
  assert.equal(url, "https://mcp.example.com/.well-known/oauth-protected-resource");
  for (const place of [url, METADATA_URL]) {
    const response = await handler(new Request(place));
    assert.equal((await response.json()).resource, "https://mcp.example.com");
  }
});
