import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import {
  createEndpointReader,
  createSessions,
  listPresentedSessions,
} from "../../src/http/sessions.ts";
import { createHarness, json } from "../support/harness.ts";

const MAX_SESSIONS = 10_000;

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

test("belongsTo() is true for another caller who presents the digest of a session", async () => {
  const sessions = createSessions();
  sessions.assign("s", await caller("ann.app"));
  const digest = hash("sha256", "s", "hex");
  assert.equal(sessions.belongsTo(digest, await caller("bob.app")), true);
});

const PRESENTED: [target: string, header: string | undefined, sessions: string[]][] = [
  ["/mcp", undefined, []],
  ["/mcp?", undefined, []],
  ["/mcp", "h", ["h"]],
  ["/messages?sessionId=q", undefined, ["q"]],
  ["/messages?session_id=q", "h", ["h", "q"]],
  // Parsers of queries disagree about names and about a name that comes twice.
  ["/messages?sessionId=a&sessionId=b", undefined, ["a", "b"]],
  ["/messages?sessionId[]=a&sessionId%5B0%5D=b", undefined, ["a", "b"]],
  ["/messages?session%49d=%61&x=b+c&a&a=&x=%61", undefined, ["a", "b c"]],
];

for (const [target, header, expected] of PRESENTED) {
  test(`listPresentedSessions() finds ${JSON.stringify(expected)} for ${target} and ${header}`, () => {
    const headers = new Headers(header === undefined ? {} : { "Mcp-Session-Id": header });
    const request = new Request(`https://mcp.example.com${target}`, { headers });
    assert.deepEqual([...listPresentedSessions(request)], expected);
  });
}

const PADDING = `: ${"x".repeat(8190)}\n`;
const ENDPOINTS: [what: string, stream: string, sessions: string[]][] = [
  ["the SDK for TypeScript", "event: endpoint\ndata: /messages?sessionId=a-1\n\n", ["a-1"]],
  ["the SDK for Python", "event: endpoint\r\ndata: /messages/?session_id=a1\r\n\r\n", ["a1"]],
  ["lines that end with CR", "event: endpoint\rdata: /m?sessionId=a\r\r", ["a"]],
  ["fields in another order", "data:/m?sessionId=a\nid: 1\nevent:endpoint\n\n", ["a"]],
  ["an absolute URL", "event: endpoint\ndata: https://h/m?x=1&sessionId=%61\n\n", ["a"]],
  ["a URL in two lines", "event: endpoint\ndata: /m?sessi\ndata: onId=a\n\n", ["a"]],
  ["a byte order mark", "\ufeffevent: endpoint\ndata: /m?sessionId=a\n\n", ["a"]],
  ["comments before it", ": hello\n\nevent: endpoint\ndata: /m?sessionId=a\n\n", ["a"]],
  ["another event before it", "data: {}\n\nevent: endpoint\ndata: /m?sessionId=a\n\n", ["a"]],
  [
    "a second endpoint",
    "event: endpoint\ndata: /m?sessionId=a\n\nevent: endpoint\ndata: /m?sessionId=b\n\n",
    ["a", "b"],
  ],
  ["a long event behind it", `event: endpoint\ndata: /m?sessionId=a\n\n${PADDING}`, ["a"]],
  ["no session in the URL", "event: endpoint\ndata: /m?x=1\n\n", []],
  ["a value that is no URL", "event: endpoint\ndata: http://\n\n", []],
  ["another event", "event: message\ndata: /m?sessionId=a\n\n", []],
  ["an event without a name", "data: /m?sessionId=a\n\n", []],
  ["an event that is not complete", "event: endpoint\ndata: /m?sessionId=a", []],
  ["an event past the first 8 KiB", `${PADDING}event: endpoint\ndata: /m?sessionId=a\n\n`, []],
];

for (const [what, stream, expected] of ENDPOINTS) {
  test(`createEndpointReader() finds ${JSON.stringify(expected)} with ${what}`, () => {
    const bytes = new TextEncoder().encode(stream);
    for (const size of [1, 2, 7, bytes.length]) {
      const found: string[] = [];
      const read = createEndpointReader((sessionId) => found.push(sessionId));
      for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
      assert.deepEqual(found, expected, `in pieces of ${size} bytes`);
    }
  });
}

test("createEndpointReader() reads text too, which a stream on Node may have in place of bytes", () => {
  const found: string[] = [];
  const read = createEndpointReader((sessionId) => found.push(sessionId));
  read("event: endpoint\n");
  read("data: /messages?sessionId=s-1\n\n");
  assert.deepEqual(found, ["s-1"]);
});
