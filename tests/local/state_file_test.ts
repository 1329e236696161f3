import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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

/** The number of clients in a state file; `undefined` when there is no such file. */
function countClients(stateFile: string): number | undefined {
  if (!existsSync(stateFile)) return undefined;
  const { entries } = JSON.parse(readFileSync(stateFile, "utf8"));
  return entries.Client?.length ?? 0;
}

test("startLocalPropelAuth() goes on when the stateFile's folder vanishes, and writes again when it is back", async () => {
  await inFolder(async (parent) => {
    const folder = join(parent, "state");
    const stateFile = join(folder, "state.json");
    mkdirSync(folder);
    const lines: string[] = [];
    await withLocal({ stateFile, log: (line) => void lines.push(line) }, async (local) => {
      lines.length = 0;
      rmSync(folder, { recursive: true });
      await register(local);
      const { client_id } = await register(local);
      assert.equal((await logIn(local, client_id)).facts["active"], true);
      assert.equal(existsSync(folder), false);
      assert.equal(lines.length, 1);
      assert.match(
        lines[0] ?? "",
        /^Local PropelAuth: cannot write stateFile .*state\.json": .*ENOENT/,
      );

      mkdirSync(folder);
      await register(local);
      assert.equal(countClients(stateFile), 3);
      assert.equal(lines.length, 2);
      assert.match(lines[1] ?? "", /^Local PropelAuth: writes stateFile .*state\.json" again/);
    });
  });
});

test("close() writes the stateFile when the last write failed", async () => {
  await inFolder(async (parent) => {
    const folder = join(parent, "state");
    const stateFile = join(folder, "state.json");
    mkdirSync(folder);
    await withLocal({ stateFile }, async (local) => {
      rmSync(folder, { recursive: true });
      await register(local);
      mkdirSync(folder);
    });
    assert.equal(countClients(stateFile), 1);
  });
});
