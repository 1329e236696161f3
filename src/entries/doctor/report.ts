/**
 * What a diagnosis says. Pure: no clock, no network.
 *
 * @module
 */

/**
 * How a check ended. `warning`: some clients will fail. `failed`: nobody can connect, or not safely.
 * `skipped`: it could not be checked; `seen` says why.
 */
export type CheckStatus = "ok" | "warning" | "failed" | "skipped";

/** What a check is about. */
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
  | "scopes"
  | "clock"
  | "server_reachable"
  | "challenge_get"
  | "challenge_post"
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
  | "token_accepted";

/** One check and its outcome. All text is printable, bounded, and without tokens and secrets. */
export interface Check {
  /** Which check it is. */
  readonly id: CheckId;
  /** What it is about. */
  readonly group: CheckGroup;
  /** Its name for people, at most 17 characters. */
  readonly title: string;
  /** How it ended. */
  readonly status: CheckStatus;
  /** What was seen, or why nothing was. */
  readonly seen: string;
  /** What to do about it; absent where nothing is to be done. */
  readonly remedy?: string;
}

/** A whole diagnosis. */
export interface Report {
  /** Whether no check failed. */
  readonly ok: boolean;
  /** The Auth URL that was looked at; absent when there is no well-formed one. */
  readonly authUrl?: string;
  /** The MCP endpoint that was looked at; absent when none is known. */
  readonly serverUrl?: string;
  /** Every check, in order. */
  readonly checks: readonly Check[];
}

/** How a check ended, before it has a name. */
export type Verdict = Pick<Check, "status" | "seen" | "remedy">;

/** The group and the title of every check, in the order in which they are made. */
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
  scopes: ["propelauth", "Scopes"],
  clock: ["propelauth", "Clock"],
  server_reachable: ["server", "Reachable"],
  challenge_get: ["server", "Challenge to GET"],
  challenge_post: ["server", "Challenge to POST"],
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
};

/**
 * A check that found nothing wrong.
 *
 * @param seen What was seen.
 * @returns The verdict.
 */
export function ok(seen: string): Verdict {
  return { status: "ok", seen };
}

/**
 * A check that found what some clients fail at.
 *
 * @param seen What was seen.
 * @param remedy What to do about it.
 * @returns The verdict.
 */
export function warning(seen: string, remedy: string): Verdict {
  return { status: "warning", seen, remedy };
}

/**
 * A check that found a fault.
 *
 * @param seen What was seen.
 * @param remedy What to do about it.
 * @returns The verdict.
 */
export function failed(seen: string, remedy: string): Verdict {
  return { status: "failed", seen, remedy };
}

/**
 * A check that could not be made.
 *
 * @param why What is missing for it.
 * @returns The verdict.
 */
export function skipped(why: string): Verdict {
  return { status: "skipped", seen: why };
}
