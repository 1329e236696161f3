import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../../../src/entries/doctor/settings.ts";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";

const ENV: Readonly<Record<string, string>> = {
  PROPELAUTH_AUTH_URL: "https://auth.example.com",
  PROPELAUTH_INTROSPECTION_CLIENT_ID: "id",
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "secret",
  SERVER_URL: "https://mcp.example.com",
};

function read(change: Record<string, string> = {}, overrides: Partial<PropelAuthOptions> = {}) {
  const env = { ...ENV, ...change };
  const settings = readSettings((name) => env[name], overrides);
  return { ...settings, failed: settings.outcomes.filter(([, { status }]) => status === "failed") };
}

test("readSettings() says of a server URL with the endpoint's path what to write instead", () => {
  const { failed } = read({ SERVER_URL: "https://mcp.example.com/mcp" });
  assert.deepEqual(failed, [["server_url", {
    status: "failed",
    seen: 'SERVER_URL is "https://mcp.example.com/mcp"',
    remedy: "It must be https://mcp.example.com, without the /mcp that mcpPath adds to it: " +
      "where clients reach this server, such as https://mcp.example.com.",
  }]]);
});

test("readSettings() warns when the Auth URL has the origin of the server URL", () => {
  const warned = (change: Record<string, string>) =>
    read(change).outcomes.filter(([, { status }]) => status === "warning");
  for (
    const url of [
      "https://mcp.example.com",
      "https://MCP.example.com/",
      "https://mcp.example.com/x",
    ]
  ) {
    assert.deepEqual(warned({ PROPELAUTH_AUTH_URL: url }).map(([id, { seen }]) => [id, seen]), [
      ["auth_url", "https://mcp.example.com is the origin of the server URL too"],
    ]);
  }
  assert.deepEqual(warned({}), []);
  const ports = {
    PROPELAUTH_AUTH_URL: "http://localhost:8001",
    SERVER_URL: "http://localhost:8000",
  };
  assert.deepEqual(warned(ports), []);
  // A placeholder stands in for a variable that is missing.
  assert.deepEqual(warned({ PROPELAUTH_AUTH_URL: "https://mcp.invalid", SERVER_URL: "" }), []);
});

test("readSettings() judges the variables by mcpPath and dangerouslyAllowHttp of the code", () => {
  const url = "https://mcp.example.com/mcp";
  const other = read({ SERVER_URL: url }, { mcpPath: "/tools" });
  assert.deepEqual([other.failed, other.mcpUrl?.href], [[], `${url}/tools`]);
  const twice = read({ SERVER_URL: "https://mcp.example.com/tools" }, { mcpPath: "/tools" });
  assert.deepEqual(twice.failed.map(([id]) => id), ["server_url"]);
  const inDocker = {
    PROPELAUTH_AUTH_URL: "http://propelauth:8001/",
    SERVER_URL: "http://0.0.0.0:9100",
  };
  const allowed = read(inDocker, { dangerouslyAllowHttp: true });
  assert.deepEqual([allowed.failed, allowed.authUrl], [[], "http://propelauth:8001"]);
  assert.deepEqual(read(inDocker).failed.map(([id]) => id), ["auth_url", "server_url"]);
});

test("readSettings() blames no variable for a broken option of the code", () => {
  assert.throws(() => read({}, { mcpPath: "/mcp?" }), {
    name: "TypeError",
    message: 'Cannot diagnose: mcpPath must be a path without a query (?): received "/mcp?"',
  });
});
