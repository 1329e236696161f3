/**
 * The report of a diagnosis: its checks, their names and their outcomes. Pure: no clock, no network.
 *
 * @module
 */

import type { Words } from "./show.ts";

/**
 * How a check ended. `warning`: a few clients will fail. `failed`: many or all clients cannot
 * connect, or connecting is unsafe. `skipped`: the check could not be made; `seen` says why.
 */
export type CheckStatus = "ok" | "warning" | "failed" | "skipped";

/** The part of a set-up that a check looks at. */
export type CheckGroup = "settings" | "propelauth" | "server" | "token";

/** A check's stable name. A later version may add some. */
export type CheckId =
  | "auth_url"
  | "client_id"
  | "client_secret"
  | "server_url"
  | "required_scopes"
  | "reachable"
  | "metadata"
  | "issuer"
  | "pkce"
  | "registration"
  | "credentials"
  | "backend_key"
  | "scopes"
  | "clock"
  | "server_reachable"
  | "challenge_get"
  | "challenge_post"
  | "token_arrives"
  | "server_metadata"
  | "root_metadata"
  | "resource"
  | "authorization_server"
  | "published_scopes"
  | "cors"
  | "preflight"
  | "metadata_cors"
  | "server_clock"
  | "token"
  | "token_accepted"
  | "operations";

/** One check and its outcome. All text is printable, bounded, and without tokens and secrets. */
export interface Check {
  /** Which check it is. */
  readonly id: CheckId;
  /** The part of the set-up that it looks at. */
  readonly group: CheckGroup;
  /** Its name for people, at most 17 characters. */
  readonly title: string;
  /** How it ended. */
  readonly status: CheckStatus;
  /** The observation, or the reason why the check could not be made. */
  readonly seen: string;
  /** The remedy; absent when the check is `ok` or `skipped`. */
  readonly remedy?: string;
}

/** A whole diagnosis. */
export interface Report {
  /** Whether no check failed. */
  readonly ok: boolean;
  /** The Auth URL in use; absent without a well-formed one. */
  readonly authUrl?: string;
  /** The URL of the MCP endpoint in use; absent when none is known. */
  readonly serverUrl?: string;
  /** Every check, in order. */
  readonly checks: readonly Check[];
}

/** The outcome of a check, not yet printed. */
export interface Outcome {
  readonly status: CheckStatus;
  readonly seen: Words;
  readonly remedy?: Words;
}

/**
 * The group and the title of every check, in the order in which they are made. `backend_key` is made
 * only where a backend API key or the option `apiKeys` is given, `operations` only where rules are.
 */
export const CHECKS: Readonly<Record<CheckId, readonly [group: CheckGroup, title: string]>> = {
  auth_url: ["settings", "Auth URL"],
  client_id: ["settings", "Client id"],
  client_secret: ["settings", "Client secret"],
  server_url: ["settings", "Server URL"],
  required_scopes: ["settings", "Required scopes"],
  reachable: ["propelauth", "Reachable"],
  metadata: ["propelauth", "Metadata"],
  issuer: ["propelauth", "Issuer"],
  pkce: ["propelauth", "PKCE"],
  registration: ["propelauth", "Registration"],
  credentials: ["propelauth", "Credentials"],
  backend_key: ["propelauth", "Backend API key"],
  scopes: ["propelauth", "Scopes"],
  clock: ["propelauth", "Clock"],
  server_reachable: ["server", "Reachable"],
  challenge_get: ["server", "Challenge to GET"],
  challenge_post: ["server", "Challenge to POST"],
  token_arrives: ["server", "Token arrives"],
  server_metadata: ["server", "Metadata at path"],
  root_metadata: ["server", "Metadata at root"],
  resource: ["server", "Resource"],
  authorization_server: ["server", "Issuer"],
  published_scopes: ["server", "Scopes"],
  cors: ["server", "Browser answers"],
  preflight: ["server", "Browser preflight"],
  metadata_cors: ["server", "Browser metadata"],
  server_clock: ["server", "Clock"],
  token: ["token", "At PropelAuth"],
  token_accepted: ["token", "At the server"],
  operations: ["token", "Operations"],
};

/** The outcome of a check that found nothing wrong. */
export function ok(seen: Words): Outcome {
  return { status: "ok", seen };
}

/** The outcome of a check that found a fault at which a few clients fail. */
export function warning(seen: Words, remedy: Words): Outcome {
  return { status: "warning", seen, remedy };
}

/** The outcome of a check that found a fault at which many or all clients fail. */
export function failed(seen: Words, remedy: Words): Outcome {
  return { status: "failed", seen, remedy };
}

/** The outcome of a check that could not be made. */
export function skipped(why: string): Outcome {
  return { status: "skipped", seen: why };
}
