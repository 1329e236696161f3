/**
 * Judges what a browser needs (Fetch standard, CORS protocol). Pure: no clock, no network.
 *
 * @module
 */

import type { Answer } from "../ask.ts";
import { failed, ok, type Verdict } from "../report.ts";
import type { Show } from "../show.ts";

/** What the SDK's clients send from a page, as a browser lists it. */
export const MCP_REQUEST_HEADERS =
  "authorization,content-type,last-event-id,mcp-method,mcp-protocol-version,mcp-session-id";
/** The metadata is asked for with this one, so it is preflighted too. */
export const METADATA_REQUEST_HEADERS = "mcp-protocol-version";

/**
 * Judges whether a page can read a refusal of the MCP endpoint.
 *
 * @param answer The answer to a POST with an `Origin`.
 * @param origin That origin.
 * @param show Shows what came from outside.
 * @returns The verdict.
 */
export function judgeCors(answer: Answer, origin: string, show: Show): Verdict {
  const fault = judgeOrigin(answer, origin, show);
  if (fault !== undefined) return fault;
  const exposed = listOf(answer.headers.get("Access-Control-Expose-Headers"));
  if (!exposed.includes("www-authenticate") && !exposed.includes("*")) {
    return failed(
      "pages cannot read WWW-Authenticate",
      "Clients in a page cannot see which scopes are needed. Does a proxy set its own " +
        "Access-Control-Expose-Headers?",
    );
  }
  return ok(`pages of ${origin} can read them`);
}

/**
 * Judges a preflight.
 *
 * @param answer The answer to it.
 * @param origin Its origin.
 * @param requested The headers that the page wants to send.
 * @param show Shows what came from outside.
 * @returns The verdict.
 */
export function judgePreflight(
  answer: Answer,
  origin: string,
  requested: string,
  show: Show,
): Verdict {
  const { status, headers } = answer;
  const fault = judgeOrigin(answer, origin, show);
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
 * Judges both halves of how a page gets the metadata.
 *
 * @param answer The answer to the GET.
 * @param preflight The answer to its preflight.
 * @param origin The page's origin.
 * @param show Shows what came from outside.
 * @returns The verdict.
 */
export function judgeMetadataCors(
  answer: Answer,
  preflight: Answer,
  origin: string,
  show: Show,
): Verdict {
  const fault = judgeOrigin(answer, origin, show);
  if (fault !== undefined) return fault;
  const verdict = judgePreflight(preflight, origin, METADATA_REQUEST_HEADERS, show);
  return verdict.status === "ok" ? ok("pages can read it") : verdict;
}

function judgeOrigin({ status, headers }: Answer, origin: string, show: Show): Verdict | undefined {
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
      : `allows ${show.value(allowed)}, not ${origin}`,
    "Clients in a page see a network error. Hand every method to auth.handler, and let no proxy " +
      "set CORS headers of its own.",
  );
}

function listOf(value: string | null): string[] {
  return (value ?? "").toLowerCase().split(",").map((name) => name.trim())
    .filter((name) => name !== "");
}
