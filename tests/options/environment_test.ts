import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions } from "../../src/options/environment.ts";
import { OPTIONS, SECRET } from "../support/harness.ts";

const SET: Record<string, string> = {
  PROPELAUTH_AUTH_URL: "https://auth.example.com",
  PROPELAUTH_INTROSPECTION_CLIENT_ID: "introspection-id",
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: SECRET,
  SERVER_URL: "https://mcp.example.com",
};

const reader = (variables: Record<string, string>) => (name: string) => variables[name];

test("readOptions() reads the four variables", () => {
  assert.deepEqual(readOptions(reader(SET), {}), OPTIONS);
});

test("readOptions() trims what it reads", () => {
  const padded = { ...SET, SERVER_URL: " https://mcp.example.com\n" };
  assert.equal(readOptions(reader(padded), {}).baseUrl, "https://mcp.example.com");
});

// P6, P14
for (const text of ["read write", "read,write", " read , write,\n"]) {
  test(`readOptions() splits required scopes ${JSON.stringify(text)}`, () => {
    const variables = { ...SET, PROPELAUTH_REQUIRED_SCOPES: text };
    assert.deepEqual(readOptions(reader(variables), {}).requiredScopes, ["read", "write"]);
  });
}

test("readOptions() lets overrides win, and does not read what they give", () => {
  const read: string[] = [];
  const options = readOptions((name) => (read.push(name), SET[name]), {
    baseUrl: "http://127.0.0.1:8000",
    authUrl: undefined as unknown as string,
    requiredScopes: ["admin"],
    mcpPath: "/tools",
  });
  assert.deepEqual(options, {
    ...OPTIONS,
    baseUrl: "http://127.0.0.1:8000",
    requiredScopes: ["admin"],
    mcpPath: "/tools",
  });
  assert.deepEqual(read, Object.keys(SET).filter((name) => name !== "SERVER_URL"));
});

// G28
for (const [when, variables] of [["unset", {}], ["blank", { ...SET, ...blank() }]] as const) {
  test(`readOptions() names every variable that is ${when}, in one error`, () => {
    assert.throws(() => readOptions(reader(variables), {}), (error: Error) => {
      assert.equal(error.name, "TypeError");
      for (const name of Object.keys(SET)) assert.match(error.message, new RegExp(`\\b${name}\\b`));
      assert.match(error.message, /MCP > Request Validation/);
      return true;
    });
  });
}

test("readOptions() names only what is missing", () => {
  const { SERVER_URL: _, ...others } = SET;
  assert.throws(() => readOptions(reader(others), {}), (error: Error) => {
    assert.match(error.message, /SERVER_URL/);
    assert.doesNotMatch(error.message, /PROPELAUTH_|introspection-/);
    return true;
  });
});

function blank(): Record<string, string> {
  return Object.fromEntries(Object.keys(SET).map((name) => [name, " "]));
}
