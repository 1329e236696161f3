import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { createPropelAuth } from "../src/create_propel_auth.ts";
import { apiKeys } from "@x/propelauth-mcp/api-keys";
import { type Audit, auditCalls, auditLog } from "@x/propelauth-mcp/audit";
import { otelCalls } from "@x/propelauth-mcp/otel";
import { createRedisCache } from "@x/propelauth-mcp/redis";
import { OPTIONS, SECRET } from "./support/harness.ts";

// The parts over the real world: the clock, timers, fetch and environment that users get.

/** Runs a stand-in for the introspection endpoint alone, for answers that no real one gives. */
async function withServer(
  answer: Parameters<typeof createServer>[1],
  run: (authUrl: string) => Promise<void>,
): Promise<void> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test("createPropelAuth() asks over the network, with the real clock", async () => {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const body = { active: true, sub: "user-1", aud: "https://mcp.example.com/mcp", exp };
  await withServer(
    (_request, response) => void response.end(JSON.stringify(body)),
    async (authUrl) => {
      const auth = createPropelAuth({ ...OPTIONS, authUrl });
      assert.equal((await auth.verifier.verifyAccessToken("token-1")).expiresAt, exp);
    },
  );
});

test("createPropelAuth() keeps a real deadline over a server that never answers", async () => {
  await withServer(() => {}, async (authUrl) => {
    const tokenIntrospectionOverrides = { timeoutSeconds: 0.05 };
    const auth = createPropelAuth({ ...OPTIONS, authUrl, tokenIntrospectionOverrides });
    await assert.rejects(auth.verifier.verifyAccessToken("token-1"), { reason: "timeout" });
  });
});

test("createPropelAuth() tells a refused connection from a bad token", async () => {
  let authUrl = "";
  await withServer(() => {}, (url) => Promise.resolve(void (authUrl = url)));
  const auth = createPropelAuth({ ...OPTIONS, authUrl });
  await assert.rejects(auth.verifier.verifyAccessToken("token-1"), { reason: "network" });
});

test("createPropelAuth() follows no redirect with the token", async () => {
  const paths: (string | undefined)[] = [];
  await withServer((request, response) => {
    paths.push(request.url);
    response.writeHead(307, { "Location": "/elsewhere" }).end();
  }, async (authUrl) => {
    const auth = createPropelAuth({ ...OPTIONS, authUrl });
    await assert.rejects(auth.verifier.verifyAccessToken("token-1"), {
      reason: "malformed_response",
    });
  });
  assert.deepEqual(paths, ["/oauth/2.1/introspect"]);
});

test("createPropelAuth() gives read-only parts", () => {
  const auth = createPropelAuth(OPTIONS);
  for (const part of [auth, auth.verifier, auth.resourceMetadata]) assert(Object.isFrozen(part));
  assert.equal(auth.getAccessToken(), undefined);
});

test("createPropelAuth() shows no secret in any part", () => {
  const auth = createPropelAuth(OPTIONS);
  assert.doesNotMatch(JSON.stringify(auth), new RegExp(SECRET));
});

test("createPropelAuth() fails at once on a bad option", () => {
  assert.throws(() => createPropelAuth({ ...OPTIONS, mcpPath: "?" }), {
    name: "TypeError",
    message: /^Cannot create PropelAuth: mcpPath must be /,
  });
});

// deno-lint-ignore ban-types -- any function
const UNCALLED: [option: string, creator: Function][] = [
  ["apiKeys", apiKeys],
  ["audit", auditCalls],
  ["audit", auditLog],
  ["audit", otelCalls],
  ["sharedCache", createRedisCache],
];

for (const [option, creator] of UNCALLED) {
  test(`createPropelAuth() says that ${option} is ${creator.name} itself, not its result`, () => {
    const message = new RegExp(
      `^Cannot create PropelAuth: ${option} must be a .+: received a function, not its result$`,
    );
    assert.throws(() => createPropelAuth({ ...OPTIONS, [option]: creator }), {
      name: "TypeError",
      message,
    });
  });
}

test("createPropelAuth() refuses undefined among the values of audit, which would switch off the others", () => {
  const audit = [undefined, auditCalls({ onCall() {} })] as Audit[];
  for (const values of [audit, audit.toReversed(), [undefined] as unknown as Audit[]]) {
    assert.throws(() => createPropelAuth({ ...OPTIONS, audit: values }), {
      name: "TypeError",
      message: /^Cannot create PropelAuth: audit must be a .+: received undefined$/,
    });
  }
});

const VARIABLES = {
  PROPELAUTH_AUTH_URL: "https://auth.example.com/",
  PROPELAUTH_INTROSPECTION_CLIENT_ID: "introspection-id",
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: SECRET,
  SERVER_URL: "https://mcp.example.com",
  PROPELAUTH_REQUIRED_SCOPES: "read write",
};

test("fromEnv() reads the environment of the process", () => {
  const before = { ...process.env };
  try {
    Object.assign(process.env, VARIABLES);
    assert.deepEqual(createPropelAuth.fromEnv({ resourceName: "Notes" }).resourceMetadata, {
      resource: "https://mcp.example.com/mcp",
      authorization_servers: ["https://auth.example.com/oauth/2.1"],
      scopes_supported: ["read", "write"],
      bearer_methods_supported: ["header"],
      resource_name: "Notes",
    });
    for (const name of Object.keys(VARIABLES)) delete process.env[name];
    assert.throws(() => createPropelAuth.fromEnv(), /PROPELAUTH_AUTH_URL/);
  } finally {
    restore(before);
  }
});

const MISTAKES: [variables: Record<string, string>, says: string][] = [
  [
    { SERVER_URL: "https://mcp.example.com/mcp" },
    "SERVER_URL must be https://mcp.example.com, without the /mcp that mcpPath adds to it: " +
    'received "https://mcp.example.com/mcp"',
  ],
  [
    { PROPELAUTH_AUTH_URL: "auth.example.com" },
    "PROPELAUTH_AUTH_URL must be a URL that begins with https://, or on loopback with http://: " +
    'received "auth.example.com"',
  ],
  [
    { PROPELAUTH_INTROSPECTION_CLIENT_ID: "id:secret" },
    "PROPELAUTH_INTROSPECTION_CLIENT_ID must be a string without a colon: " +
    "received a string of 9 characters",
  ],
  [
    { PROPELAUTH_REQUIRED_SCOPES: "read offline_access" },
    "PROPELAUTH_REQUIRED_SCOPES must be free of offline_access: " +
    'received "offline_access" in it',
  ],
];

for (const [variables, says] of MISTAKES) {
  test(`fromEnv() names the variable that is wrong: ${Object.keys(variables)}`, () => {
    const before = { ...process.env };
    try {
      Object.assign(process.env, VARIABLES, variables);
      const message = `Cannot create PropelAuth: ${says}`;
      assert.throws(() => createPropelAuth.fromEnv(), { name: "TypeError", message });
    } finally {
      restore(before);
    }
  });
}

test("fromEnv() names the option where an override is wrong, and not the variable", () => {
  const before = { ...process.env };
  try {
    Object.assign(process.env, VARIABLES);
    assert.throws(
      () => createPropelAuth.fromEnv({ baseUrl: "http://0.0.0.0:9100" }),
      /^TypeError: Cannot create PropelAuth: baseUrl must be an https URL, since/,
    );
    const auth = createPropelAuth.fromEnv({
      baseUrl: "http://0.0.0.0:9100",
      dangerouslyAllowHttp: true,
    });
    assert.equal(auth.resourceMetadata.resource, "http://0.0.0.0:9100/mcp");
    assert.throws(
      () => createPropelAuth.fromEnv({ requiredScope: ["read"] } as never),
      /^TypeError: Cannot create PropelAuth: requiredScope must be .+; did you mean requiredScopes\?/,
    );
  } finally {
    restore(before);
  }
});

function restore(before: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(VARIABLES)) {
    const value = before[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
