/**
 * Judges the CORS headers that a browser needs (Fetch standard). Pure: no clock, no network.
 *
 * @module
 */

import type { Reply } from "../ask.ts";
import { failed, ok, type Outcome } from "../report.ts";
import { foreign, say } from "../show.ts";

/**
 * Judges whether a page can read a refusal of the MCP endpoint: `reply` answers a POST from `origin`.
 */
export function judgeCors(reply: Reply, origin: string): Outcome {
  const fault = judgeOrigin(reply, origin);
  if (fault !== undefined) return fault;
  const exposed = listOf(reply.headers.get("Access-Control-Expose-Headers"));
  if (!exposed.includes("www-authenticate") && !exposed.includes("*")) {
    return failed(
      "pages cannot read WWW-Authenticate",
      "Clients in a page cannot see which scopes are needed. Does a proxy set its own " +
        "Access-Control-Expose-Headers?",
    );
  }
  return ok(`pages of ${origin} can read them`);
}

/** Judges the answer to a preflight of `origin` for the headers that a page wants to send. */
export function judgePreflight(
  reply: Reply,
  origin: string,
  requested: string,
): Outcome {
  const { status, headers } = reply;
  const fault = judgeOrigin(reply, origin);
  if (status === 401) {
    const remedy = "Browsers send no token with OPTIONS: hand it to auth.handler unguarded.";
    return failed("401: a preflight never has a token", remedy);
  }
  if (fault !== undefined) return fault;
  if (status < 200 || status > 299) {
    return failed(`${status} to OPTIONS`, "Hand OPTIONS to auth.handler; browsers want 2xx.");
  }
  const allowed = listOf(headers.get("Access-Control-Allow-Headers"));
  // The Fetch standard keeps Authorization out of the wildcard.
  const missing = listOf(requested).filter((name) =>
    !allowed.includes(name) && (name === "authorization" || !allowed.includes("*"))
  );
  if (missing.length > 0) {
    return failed(
      `pages may not send ${missing.join(" ")}`,
      "Does a proxy answer preflights itself? Let it allow these, or pass OPTIONS on.",
    );
  }
  return ok("pages may send what clients send");
}

/**
 * Judges whether a page can read the metadata: `reply` answers the GET, `preflight` its preflight,
 * which asked for the `requested` headers.
 */
export function judgeMetadataCors(
  reply: Reply,
  preflight: Reply,
  origin: string,
  requested: string,
): Outcome {
  const fault = judgeOrigin(reply, origin);
  if (fault !== undefined) return fault;
  const outcome = judgePreflight(preflight, origin, requested);
  return outcome.status === "ok" ? ok("pages can read it") : outcome;
}

function judgeOrigin({ status, headers }: Reply, origin: string): Outcome | undefined {
  const allowed = headers.get("Access-Control-Allow-Origin");
  if (allowed === "*" || allowed === origin) return undefined;
  if (status === 403) {
    return failed(
      `403 for pages of ${origin}`,
      "Only the origin of SERVER_URL is allowed by default: correct SERVER_URL, or add this one to " +
        "the option allowedOrigins.",
    );
  }
  return failed(
    allowed === null
      ? `no Access-Control-Allow-Origin (${status})`
      : say`allows ${foreign(allowed)}, not ${origin}`,
    "Clients in a page see a network error. Hand every method to auth.handler, and let no proxy " +
      "set CORS headers of its own.",
  );
}

function listOf(value: string | null): string[] {
  return (value ?? "").toLowerCase().split(",").map((name) => name.trim())
    .filter((name) => name !== "");
}
