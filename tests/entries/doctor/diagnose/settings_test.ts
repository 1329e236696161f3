/** The settings: environment variables, and options that code gives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "@x/propelauth-mcp/doctor";
import { checksOf, faultsOf, testRows, variable } from "./rows.ts";

testRows(checksOf("settings"), {
  auth_url: {
    "it is missing": {
      options: variable("PROPELAUTH_AUTH_URL", " "),
      seen: /^PROPELAUTH_AUTH_URL is missing or blank$/,
      remedy: /Backend Integration > Auth URL/,
    },
    "it has the path of the endpoints": {
      options: variable("PROPELAUTH_AUTH_URL", "https://auth.example.com/oauth/2.1"),
      seen: /^PROPELAUTH_AUTH_URL is "https:\/\/auth\.example\.com\/oauth\/2\.1"$/,
      remedy: /must be PropelAuth's Auth URL without \/oauth\/2\.1/,
    },
    "it is in clear": {
      options: variable("PROPELAUTH_AUTH_URL", "http://auth.example.com"),
      seen: /^PROPELAUTH_AUTH_URL is "http:\/\/auth\.example\.com"$/,
      remedy: /must be an https URL/,
    },
    "it is a secret in the wrong place": {
      options: variable("PROPELAUTH_AUTH_URL", "sk_wrong_place"),
      seen: /^PROPELAUTH_AUTH_URL is a text of 14 characters$/,
      remedy: /^It must be an? .*URL/,
    },
    "it has a password": {
      options: variable("PROPELAUTH_AUTH_URL", "https://me:hidden@auth.example.com"),
      seen: /^PROPELAUTH_AUTH_URL is "https:\/\/\*\*\*@auth\.example\.com"$/,
      remedy: /^It must be .+ without (userinfo|a user name)/,
    },
    "it has a secret in its query": {
      options: variable("PROPELAUTH_AUTH_URL", "https://auth.example.com/?key=hidden#hidden"),
      seen: /^PROPELAUTH_AUTH_URL is "https:\/\/auth\.example\.com\/\?\*\*\*"$/,
      remedy: /^It must be .+ without .*(query|fragment)/,
    },
    "it is in quotes": {
      options: variable("PROPELAUTH_AUTH_URL", '"https://auth.example.com"'),
      seen: /^PROPELAUTH_AUTH_URL is in quotes$/,
      remedy: /docker/,
    },
  },
  client_id: {
    "it is missing": {
      options: variable("PROPELAUTH_INTROSPECTION_CLIENT_ID", ""),
      seen: /CLIENT_ID is missing or blank$/,
      remedy: /MCP > Request Validation/,
    },
    "it has a colon": {
      options: variable("PROPELAUTH_INTROSPECTION_CLIENT_ID", "id:secret"),
      seen: /CLIENT_ID is a text of 9 characters$/,
      remedy: /without a colon/,
    },
  },
  client_secret: {
    "it is missing": {
      options: variable("PROPELAUTH_INTROSPECTION_CLIENT_SECRET", ""),
      seen: /CLIENT_SECRET is missing or blank$/,
      remedy: /MCP > Request Validation/,
    },
  },
  server_url: {
    "it is missing": {
      options: ({ env, serverUrl }) => ({ env: { ...env, SERVER_URL: "" }, serverUrl }),
      seen: /^SERVER_URL is missing or blank$/,
      remedy: /such as https:\/\/mcp\.example\.com/,
    },
    "it has a query": {
      options: variable("SERVER_URL", "https://mcp.example.com/?a=b"),
      seen: /^SERVER_URL is "https:/,
      remedy: /^It must be .+ without .*query/,
    },
  },
  required_scopes: {
    "a name in it is not a scope": {
      options: variable("PROPELAUTH_REQUIRED_SCOPES", 'read "write"'),
      seen: /^PROPELAUTH_REQUIRED_SCOPES is malformed$/,
      remedy: /printable ASCII/,
    },
    "it is in quotes": {
      options: variable("PROPELAUTH_REQUIRED_SCOPES", "'read write'"),
      seen: /^PROPELAUTH_REQUIRED_SCOPES is in quotes$/,
      remedy: /docker/,
    },
  },
});

test("diagnose() fails the four required settings alone when code gives a resource and nothing else is set", async () => {
  const overrides = { resource: "https://mcp.example.com/mcp", scopesSupported: [] };
  const { checks } = await diagnose({ env: {}, overrides });
  assert.deepEqual(faultsOf(checks).map(({ id }) => id), [
    "auth_url",
    "client_id",
    "client_secret",
    "server_url",
  ]);
});
