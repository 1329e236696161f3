import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startLocalPropelAuth } from "@x/propelauth-local";
import {
  type Answer,
  inFolder,
  introspect,
  logIn,
  reconnect,
  refresh,
  register,
  withLocal,
} from "./support.ts";

test("startLocalPropelAuth() keeps clients and tokens when it restarts with the same stateFile", async () => {
  await inFolder(async (folder) => {
    const stateFile = join(folder, "state.json");
    let port = 0;
    let clientId: unknown;
    let tokens: Answer = {};
    let credentials = "";
    await withLocal({ stateFile }, async (local) => {
      port = Number(new URL(local.authUrl).port);
      credentials = local.introspectionClientSecret;
      clientId = (await register(local))["client_id"];
      tokens = (await logIn(local, clientId)).tokens;
    });
    assert.equal(statSync(stateFile).mode & 0o777, 0o600);
    await withLocal({ stateFile, port }, async (local) => {
      await reconnect(local);
      assert.equal(local.introspectionClientSecret, credentials);
      assert.equal((await introspect(local, String(tokens["access_token"])))["active"], true);
      const refreshed = await refresh(local, clientId, tokens["refresh_token"]);
      assert.equal(refreshed.status, 200);
      await refreshed.body?.cancel();
      assert.equal((await logIn(local, clientId)).facts["client_id"], clientId);
    });
    assert.doesNotMatch(readFileSync(stateFile, "utf8"), /undefined/);
  });
});

for (const content of ["", "null", '{"version":0}', "not json"]) {
  test(`startLocalPropelAuth() refuses to start when the stateFile holds ${content || "nothing"}`, async () => {
    await inFolder(async (folder) => {
      const stateFile = join(folder, "state.json");
      writeFileSync(stateFile, content);
      await assert.rejects(startLocalPropelAuth({ stateFile }), /stateFile must be .*state\.json/);
      assert.equal(readFileSync(stateFile, "utf8"), content);
    });
  });
}

test("startLocalPropelAuth() refuses to start when the stateFile's folder is missing", async () => {
  await inFolder(async (folder) => {
    const stateFile = join(folder, "missing", "state.json");
    await assert.rejects(startLocalPropelAuth({ stateFile, log: () => {} }), /stateFile must be/);
    assert.equal(existsSync(stateFile), false);
  });
});
