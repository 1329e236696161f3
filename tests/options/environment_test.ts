import assert from "node:assert/strict";
import { test } from "node:test";
import { readEnvironment } from "../../src/options/environment.ts";
import type { PropelAuthOptions } from "../../src/options/propel_auth_options.ts";
import { OPTIONS, SECRET } from "../support/harness.ts";

const SET: Record<string, string> = {
  PROPELAUTH_AUTH_URL: "https://auth.example.com",
  PROPELAUTH_INTROSPECTION_CLIENT_ID: "introspection-id",
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: SECRET,
  SERVER_URL: "https://mcp.example.com",
};

const reader = (variables: Record<string, string>) => (name: string) => variables[name];

test("readEnvironment() reads the four variables", () => {
  assert.deepEqual(readEnvironment(reader(SET), {}).options, OPTIONS);
});

test("readEnvironment() trims values", () => {
  const padded = { ...SET, SERVER_URL: " https://mcp.example.com\n" };
  assert.equal(readEnvironment(reader(padded), {}).options.baseUrl, "https://mcp.example.com");
});

const SCOPED = { ...SET, PROPELAUTH_REQUIRED_SCOPES: "read:notes write:notes" };

for (const quote of ['"', "'"]) {
  for (const [variable, value] of Object.entries(SCOPED)) {
    test(`readEnvironment() refuses ${variable} in ${quote}, and does not show it`, () => {
      const quoted = { ...SET, [variable]: `${quote}${value}${quote}` };
      assert.throws(() => readEnvironment(reader(quoted), {}), {
        name: "BrokenRule",
        option: variable,
        rule: "without quotes around it",
        received: "a value in quotes",
      });
    });
  }
}

// P6, P14
for (const text of ["read write", "read,write", " read , write,\n"]) {
  test(`readEnvironment() splits required scopes ${JSON.stringify(text)}`, () => {
    const variables = { ...SET, PROPELAUTH_REQUIRED_SCOPES: text };
    assert.deepEqual(readEnvironment(reader(variables), {}).options.requiredScopes, [
      "read",
      "write",
    ]);
  });
}

test("readEnvironment() lets overrides win, and does not read their variables", () => {
  const read: string[] = [];
  const { options, variables } = readEnvironment((name) => (read.push(name), SET[name]), {
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
  assert.deepEqual(variables, {
    authUrl: "PROPELAUTH_AUTH_URL",
    introspectionClientId: "PROPELAUTH_INTROSPECTION_CLIENT_ID",
    introspectionClientSecret: "PROPELAUTH_INTROSPECTION_CLIENT_SECRET",
  });
});

// G28
for (const [when, variables] of [["unset", {}], ["blank", { ...SET, ...blank() }]] as const) {
  test(`readEnvironment() names every variable that is ${when}, in one error`, () => {
    assert.throws(() => readEnvironment(reader(variables), {}), (error: Error) => {
      assert.equal(error.name, "TypeError");
      for (const name of Object.keys(SET)) assert.match(error.message, new RegExp(`\\b${name}\\b`));
      assert.match(error.message, /MCP > Request Validation/);
      return true;
    });
  });
}

test("readEnvironment() names only the variables that are missing", () => {
  const { SERVER_URL: _, ...others } = SET;
  assert.throws(() => readEnvironment(reader(others), {}), (error: Error) => {
    assert.match(error.message, /SERVER_URL/);
    assert.doesNotMatch(error.message, /PROPELAUTH_|introspection-/);
    return true;
  });
});

test("readEnvironment() refuses overrides that are not options, whatever is set", () => {
  const refused: [overrides: unknown, message: RegExp][] = [
    [null, /^options must be an object: received null$/],
    [{ requiredScope: [] }, /; did you mean requiredScopes\?$/],
  ];
  for (const [overrides, message] of refused) {
    const options = overrides as Partial<PropelAuthOptions>;
    assert.throws(() => readEnvironment(reader({}), options), { name: "BrokenRule", message });
  }
});

function blank(): Record<string, string> {
  return Object.fromEntries(Object.keys(SET).map((name) => [name, " "]));
}
