/**
 * Starts a local PropelAuth for one test and plays the client and the user in front of it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  authorizeAs,
  type LocalConsentChoice,
  type LocalPropelAuth,
  type LocalPropelAuthOptions,
  startLocalPropelAuth,
} from "@x/propelauth-local";

export const RESOURCE = "http://127.0.0.1:8000/mcp";
export const REDIRECT = "http://127.0.0.1:9/callback";
export const OWNER = "owner@acme.example";
export const MEMBER = "member@acme.example";

/** Runs a test against a local PropelAuth that is closed afterwards. */
export async function withLocal(
  options: LocalPropelAuthOptions,
  run: (local: LocalPropelAuth) => Promise<void>,
): Promise<void> {
  const local = await startLocalPropelAuth({ log: () => {}, ...options });
  try {
    await run(local);
  } finally {
    await local.close();
  }
}

/** Uses up the connections that fetch() pooled before a restart on the same port: each fails once. */
export async function reconnect(local: LocalPropelAuth): Promise<void> {
  try {
    await (await fetch(local.authUrl)).body?.cancel();
  } catch {
    await reconnect(local);
  }
}

export type Answer = Record<string, unknown>;

export const post = (
  url: string,
  body: Record<string, string>,
  headers: Record<string, string> = {},
) => fetch(url, { method: "POST", body: new URLSearchParams(body), headers });

export async function introspect(local: LocalPropelAuth, token: string): Promise<Answer> {
  const { introspectionClientId: id, introspectionClientSecret: secret } = local;
  const response = await post(`${local.authUrl}/oauth/2.1/introspect`, { token }, {
    "Authorization": `Basic ${btoa(`${id}:${secret}`)}`,
  });
  assert.equal(response.status, 200);
  return await response.json();
}

export async function register(local: LocalPropelAuth, metadata: Answer = {}): Promise<Answer> {
  const response = await fetch(`${local.authUrl}/oauth/2.1/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ redirect_uris: [REDIRECT], client_name: "Test client", ...metadata }),
  });
  assert.equal(response.status, 201, await response.clone().text());
  return await response.json();
}

/** An authorization request, with PKCE; a parameter that is `undefined` is left out. */
export function authorizationRequest(
  local: LocalPropelAuth,
  clientId: unknown,
  change: Record<string, string | undefined> = {},
) {
  const verifier = randomBytes(32).toString("base64url");
  const url = new URL(`${local.authUrl}/oauth/2.1/authorize`);
  const parameters: Record<string, string | undefined> = {
    client_id: String(clientId),
    response_type: "code",
    redirect_uri: REDIRECT,
    state: "state-1",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    resource: RESOURCE,
    ...change,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return { url, verifier };
}

export interface LogIn {
  readonly email?: string;
  readonly change?: Record<string, string | undefined>;
  readonly choice?: LocalConsentChoice;
}

/** Exchanges the code of an authorization response for tokens; without `resource` in the request. */
export const exchange = (local: LocalPropelAuth, clientId: unknown, back: URL, verifier: string) =>
  post(`${local.authUrl}/oauth/2.1/token`, {
    grant_type: "authorization_code",
    code: back.searchParams.get("code") ?? "",
    redirect_uri: REDIRECT,
    client_id: String(clientId),
    code_verifier: verifier,
  });

/** Logs in and exchanges the code. */
export async function logIn(local: LocalPropelAuth, clientId: unknown, given: LogIn = {}) {
  const { email = OWNER, change = {}, choice = {} } = given;
  const { url, verifier } = authorizationRequest(local, clientId, change);
  const back = await authorizeAs(url, email, choice);
  assert.equal(back.searchParams.get("error"), null, back.href);
  const response = await exchange(local, clientId, back, verifier);
  const tokens: Answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(tokens));
  return { back, tokens, facts: await introspect(local, String(tokens["access_token"])) };
}

export const refresh = (local: LocalPropelAuth, clientId: unknown, token: unknown) =>
  post(`${local.authUrl}/oauth/2.1/token`, {
    grant_type: "refresh_token",
    refresh_token: String(token),
    client_id: String(clientId),
    resource: RESOURCE,
  });

/** Runs a test in a new folder that is removed afterwards. */
export function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "propelauth-local-"));
  return run(folder).finally(() => rmSync(folder, { recursive: true }));
}
