import assert from "node:assert/strict";
import { test } from "node:test";
import { createSessions, MAX_SESSIONS } from "../../src/http/sessions.ts";
import { createHarness, json } from "../support/harness.ts";

const { auth } = createHarness({}, (token) => {
  const [sub, client_id] = token.split(".");
  return json({ active: true, sub, client_id, aud: "https://mcp.example.com/mcp" });
});
const caller = (name: string) => auth.verifier.verifyAccessToken(name);

// P89, P90
test("belongsTo() is true for the owner, whatever the token, and false for others", async () => {
  const sessions = createSessions();
  sessions.assign("s", await caller("ann.app"));
  assert.equal(sessions.belongsTo("s", await caller("ann.app.refreshed")), true);
  assert.equal(sessions.belongsTo("s", await caller("bob.app")), false);
  assert.equal(sessions.belongsTo("s", await caller("ann.other")), false);
});

test("belongsTo() is false for the owner at another resource", async () => {
  const sessions = createSessions();
  const ann = await caller("ann.app");
  sessions.assign("s", ann);
  const elsewhere = {
    ...ann,
    token: ann.token,
    resource: new URL("https://mcp.example.com/other"),
  };
  assert.equal(sessions.belongsTo("s", elsewhere), false);
});

test("belongsTo() is true for a session without an owner", async () => {
  assert.equal(createSessions().belongsTo("s", await caller("ann.app")), true);
});

test("assign() leaves a session with its first owner", async () => {
  const sessions = createSessions();
  sessions.assign("s", await caller("ann.app"));
  sessions.assign("s", await caller("bob.app"));
  assert.equal(sessions.belongsTo("s", await caller("ann.app")), true);
  assert.equal(sessions.belongsTo("s", await caller("bob.app")), false);
});

test("assign() forgets the session that was unused for longest, past the bound", async () => {
  const sessions = createSessions();
  const [ann, bob] = [await caller("ann.app"), await caller("bob.app")];
  for (let i = 0; i < MAX_SESSIONS; i++) sessions.assign(`s${i}`, ann);
  sessions.belongsTo("s0", ann);
  sessions.assign("new", ann);
  assert.equal(sessions.belongsTo("s0", bob), false);
  assert.equal(sessions.belongsTo("s1", bob), true);
});
