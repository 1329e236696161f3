import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { startLocalPropelAuth } from "@x/propelauth-local";
import { type Answer, withLocal } from "./support.ts";

const BAD_OPTIONS: [options: Answer, error: RegExp][] = [
  [{ port: -1 }, /port must be a whole number/],
  [{ port: "80" }, /port must be/],
  [{ hostname: "0.0.0.0" }, /hostname must be loopback/],
  [{ hostname: "192.168.0.1" }, /dangerouslyListenBeyondLoopback/],
  [{ issuerForm: "other" }, /issuerForm must be "path" or "bare"/],
  [{ users: [] }, /users must be an array of one or more/],
  [{ users: [{ email: "x" }] }, /users\[\]\.email must be/],
  [{ users: [{ email: "a@b.example", id: "1" }] }, /users\[\]\.id must be a UUID/],
  [{ users: [{ email: "a@b.example", grantableScopes: ["x"] }] }, /grantableScopes must be/],
  [{ users: [{ email: "a@b.example", orgPermissions: "x" }] }, /orgPermissions must be an array/],
  [{ users: [{ email: "a@b.example", orgPermissions: [""] }] }, /orgPermissions must be an array/],
  [{ scopes: ["a b"] }, /scopes must be/],
  [{ scopes: ["a", "a"] }, /"a" twice/],
  [
    { users: [{ email: "a@x.example" }, { email: "A@x.example" }] },
    /users must be .+: received "a@x\.example" twice$/,
  ],
  [{ resources: ["x"] }, /resources must be/],
  [
    { resources: ["https://me:pa/ss@h.example/#"] },
    /received "https:\/\/\*\*\*@h\.example\/#" in it$/,
  ],
  [{ accessTokenExpiresInSeconds: 0 }, /accessTokenExpiresInSeconds must be/],
  [{ rotateRefreshTokens: 1 }, /rotateRefreshTokens must be true or false/],
  [{ autoConsentAs: "x@y.example" }, /autoConsentAs must be .*owner@acme\.example/],
  [{ introspectionClientSecret: "a secret" }, /introspectionClientSecret must be .*8 characters$/],
  [{ backendApiKey: "a key" }, /backendApiKey must be .*a string of 5 characters$/],
  [{ stateFile: "" }, /stateFile must be/],
  [{ unknown: 1 }, /unknown must be one of port,/],
];

for (const [options, error] of BAD_OPTIONS) {
  test(`startLocalPropelAuth() refuses to start when the options are ${JSON.stringify(options)}`, async () => {
    await assert.rejects(startLocalPropelAuth({ log: () => {}, ...options }), (thrown: Error) => {
      assert.match(thrown.message, /^Cannot start the local PropelAuth: /);
      assert.match(thrown.message, error);
      return true;
    });
  });
}

test("startLocalPropelAuth() names the port when it is in use", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    await assert.rejects(startLocalPropelAuth({ port }), {
      message: `Cannot start the local PropelAuth: port ${port} on 127.0.0.1 is in use`,
    });
  } finally {
    server.close();
  }
});

test("startLocalPropelAuth() logs one line when it starts", async () => {
  const lines: string[] = [];
  await withLocal({ log: (line) => void lines.push(line) }, (local) => {
    assert.deepEqual(lines, [
      `Local PropelAuth at ${local.authUrl}: for development only, not for production.`,
    ]);
    return Promise.resolve();
  });
});

test("startLocalPropelAuth() ignores a log that rejects later", async () => {
  let rejected = 0;
  const log = async () => {
    rejected++;
    await Promise.reject(new Error("The disk is full"));
  };
  await withLocal({ log }, async (local) => {
    assert.equal((await fetch(`${local.authUrl}/`)).status, 200);
    assert(rejected > 0);
  });
});

test("close() stops listening, and does nothing when called again", async () => {
  const local = await startLocalPropelAuth({ log: () => {} });
  await local.close();
  await local.close();
  await assert.rejects(fetch(`${local.authUrl}/`));
  await local[Symbol.asyncDispose]();
});

test("startLocalPropelAuth() goes on when log throws", async () => {
  let lines = 0;
  let onError = (): void => {};
  const logged = new Promise<void>((resolve) => onError = resolve);
  const log = (): void => {
    if (++lines === 2) onError();
    throw new Error("the log is full");
  };
  await withLocal({ log }, async (local) => {
    // A body that breaks off is an internal error, which is logged.
    const { hostname, port, host } = new URL(local.authUrl);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    const head = `POST /oauth/2.1/register HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10`;
    socket.write(`${head}\r\n\r\n{`, () => socket.destroy());
    await logged;
    const response = await fetch(local.authUrl);
    assert.match(await response.text(), /Local PropelAuth/);
  });
});
