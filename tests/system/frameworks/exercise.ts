/**
 * Calls a server as clients do: they find the login, log in, call, and ask for a scope that a tool
 * needs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after } from "node:test";
import { type LocalUserWithId, startLocalPropelAuth } from "@x/propelauth-local";
import { AUTO, Login, type Session, V1 } from "../../end_to_end/logins.ts";

/** The parts of the gate that a framework leaves out. */
export interface Shortcomings {
  /** Absent when clients of both SDK majors can call it. */
  readonly clients?: "v2";
  /**
   * How the framework's own hook falls short, where the handler is not in front: clients find the
   * login and get no challenge for scopes, or do not even find the login.
   */
  readonly hook?: "finds the login" | "takes tokens alone";
}

const local = await startLocalPropelAuth({ log: () => {} });
after(() => local.close());

/** The environment variables that every example reads. */
export function environment(origin: string): Record<string, string> {
  return {
    PROPELAUTH_AUTH_URL: local.authUrl,
    PROPELAUTH_INTROSPECTION_CLIENT_ID: local.introspectionClientId,
    PROPELAUTH_INTROSPECTION_CLIENT_SECRET: local.introspectionClientSecret,
    SERVER_URL: origin,
  };
}

/** Finds a user by the e-mail address. */
function userOf(email: string): LocalUserWithId {
  return local.users.find((user) => user.email === email) ?? assert.fail(email);
}

/** The two users of the clients that call at the same time. */
const OWNER = userOf("owner@acme.example");
const MEMBER = userOf("member@acme.example");

const text = (content: unknown): string => JSON.stringify(content);

/** The tool `whoami` names the user. */
async function assertCaller(session: Session, user: LocalUserWithId): Promise<void> {
  assert.match(text(await session.call("whoami")), new RegExp(user.id));
}

/** Sends the request that a session begins with. */
async function initialize(url: string, fields: Record<string, string> = {}): Promise<Response> {
  const accept = { Accept: "application/json, text/event-stream" };
  const clientInfo = { name: "test", version: "1.0.0" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  return await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...accept, ...fields },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }),
  });
}

/** Checks the refusal, the metadata and the preflight. */
export async function exerciseGate(url: string): Promise<void> {
  const { origin, pathname } = new URL(url);
  const metadataUrl = `${origin}/.well-known/oauth-protected-resource${pathname}`;
  const refused = await initialize(url, { Origin: origin });
  await refused.body?.cancel();
  assert.equal(refused.status, 401);
  const challenge = refused.headers.get("WWW-Authenticate") ?? "";
  assert(challenge.startsWith(`Bearer resource_metadata="${metadataUrl}"`), challenge);
  assert.equal((await (await fetch(metadataUrl)).json()).resource, url);
  const preflight = await fetch(url, { method: "OPTIONS", headers: { Origin: origin } });
  assert.equal(preflight.status, 204);
  const allowed = preflight.headers.get("Access-Control-Allow-Origin") ?? "";
  assert([origin, "*"].includes(allowed), allowed);
}

/** Logs in as two users at the same time, calls as both, and asks for a scope as the first. */
export async function exerciseClients(
  url: string,
  { clients, hook }: Shortcomings,
): Promise<void> {
  const login = new Login(OWNER.email);
  const other = clients === "v2" ? AUTO : V1;
  const [owner, member] = await Promise.all([
    // The owner consents to nothing that is optional.
    AUTO.connect(url, login, { choice: { scopes: [] } }),
    other.connect(url, new Login(MEMBER.email)),
  ]);
  assert.deepEqual(await owner.list(), ["whoami"]);
  const calls = Array.from({ length: 5 }, () => [
    assertCaller(owner, OWNER),
    assertCaller(member, MEMBER),
  ]);
  await Promise.all(calls.flat());
  if (hook === undefined) {
    await assert.rejects(owner.call("write_report"), AUTO.Unauthorized);
    assert(login.asked.split(" ").includes("write:reports"), login.asked);
    await owner.finishAuth(await login.answer());
    assert.match(text(await owner.call("write_report")), /written/);
  } else {
    // Each framework refuses in its own way: by an error of the protocol, or by a result.
    const answer = await owner.call("write_report").catch(String);
    assert.doesNotMatch(text(answer), /written/);
    assert.equal(login.logins, 1);
  }
  await Promise.all([owner.close(), member.close()]);
}

/** Calls with tokens that the clients already have: the framework sends no challenge. */
export async function exerciseTokens(url: string): Promise<void> {
  const refused = await initialize(url);
  await refused.body?.cancel();
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get("WWW-Authenticate"), null);
  await Promise.all([OWNER, MEMBER].map(async (user) => {
    const token = await local.mintToken({ subject: user.id, scopes: [], resource: url });
    const login = { ...new Login(user.email), tokens: () => ({ access_token: token }) };
    const session = await V1.connect(url, login as Login);
    await assertCaller(session, user);
    await session.close();
  }));
}

/** Calls with a token that nobody can introspect. */
export async function exerciseOutage(url: string, status: number): Promise<void> {
  // Without this field it could be the start of a session, where the gate waits for PropelAuth.
  const version = { "MCP-Protocol-Version": "2025-11-25" };
  const refused = await initialize(url, { Authorization: "Bearer some-token", ...version });
  await refused.body?.cancel();
  assert.equal(refused.status, status);
}
