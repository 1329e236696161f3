/**
 * Judges how a running MCP server takes a token. Pure: no clock, no network.
 *
 * @module
 */

import type { Reply } from "../ask.ts";
import { parseChallenges } from "./parse_challenges.ts";
import { failed, ok, type Outcome } from "../report.ts";
import { foreign, say } from "../show.ts";

const UNVERIFIED_ADVICE =
  "It cannot ask PropelAuth, or its own introspection credentials are wrong: see its onEvent.";

/**
 * Judges how the running server took the user's token.
 *
 * @param reply Its answer to a call with the token.
 * @returns The outcome.
 */
export function judgeAcceptance(reply: Reply): Outcome {
  const { status } = reply;
  const parameters = bearerParameters(reply);
  const error = parameters?.get("error");
  if (status === 401) {
    return failed(
      "401: refused",
      "If PropelAuth calls it active, the running server has another Auth URL, other credentials, " +
        "or another SERVER_URL than these settings; its onEvent tells the reason.",
    );
  }
  if (status === 403) {
    if (error === "insufficient_scope") {
      return failed(
        say`403: it lacks one of ${foreign(parameters?.get("scope"))}`,
        "Log in as a user whose role may grant these scopes, and allow them on the consent page.",
      );
    }
    return failed("403: refused", "The server or a proxy refuses the caller, not the token.");
  }
  if (status === 400 && error !== undefined) {
    return failed("400: malformed credentials", "Take the access_token alone, without Bearer.");
  }
  if (status >= 500) {
    return failed(`${status}: the server could not verify it`, UNVERIFIED_ADVICE);
  }
  if (status === 404 || status >= 300 && status < 400) {
    return failed(`${status}: no MCP endpoint answers`, "Give the URL that clients use.");
  }
  return ok(
    status < 300
      ? "accepted: the MCP server answers"
      : `accepted; the MCP server itself says ${status}`,
  );
}

function bearerParameters({ headers }: Reply): ReadonlyMap<string, string> | undefined {
  const challenges = parseChallenges(headers.get("WWW-Authenticate") ?? "") ?? [];
  return challenges.find(({ scheme }) => scheme === "bearer")?.parameters;
}
