/**
 * Judges how a running MCP server takes a token. Pure: no clock, no network.
 *
 * @module
 */

import type { Reply } from "../ask.ts";
import { findChallenge, parseChallenges } from "./parse_challenges.ts";
import { readObject } from "./propelauth.ts";
import { failed, ok, type Outcome } from "../report.ts";
import { foreign, say } from "../show.ts";

const DROPPED_ADVICE =
  "Something in front of the server drops Authorization: have it pass that on for every method. " +
  "CloudFront does so only when a policy names the header.";
const JUDGED_ADVICE =
  "Something in front of the server judges tokens itself: have it pass Authorization on and leave " +
  "that to auth.handler.";
const UNVERIFIED_ADVICE =
  "It cannot ask PropelAuth, or its own introspection credentials are wrong: see its onEvent.";

/**
 * Judges whether a token arrives, by the answer to a random one. A request without a token gets a
 * challenge without `error` (RFC 6750 §3), one with a bad token gets `error="invalid_token"`.
 *
 * @param reply The answer of a server that sends a usable challenge when there is no token.
 * @param method The method of the request.
 * @returns The outcome.
 */
export function judgeArrival(reply: Reply, method: "GET" | "POST"): Outcome {
  const { status } = reply;
  if (status === 401) {
    const parameters = bearerParameters(reply);
    if (parameters === undefined) {
      return failed(`401 without a challenge to a ${method} with a token`, JUDGED_ADVICE);
    }
    return parameters.has("error")
      ? ok("a random token arrives, and is refused")
      : failed(`the token of a ${method} did not arrive: the server saw none`, DROPPED_ADVICE);
  }
  if (status >= 200 && status < 300) {
    const remedy = "Anyone would get in. Serve the MCP server through auth.handler(...).";
    return failed(`${status}: a random token is let in`, remedy);
  }
  return status >= 500
    ? failed(`${status}: the server could not verify a random token`, UNVERIFIED_ADVICE)
    : failed(`${status} to a ${method} with a token, not 401`, JUDGED_ADVICE);
}

/** Judges the running server's answer to a call with the user's token. */
export function judgeAcceptance(reply: Reply): Outcome {
  const { status, text } = reply;
  const parameters = bearerParameters(reply);
  const error = parameters?.get("error");
  if (status === 401) {
    if (parameters === undefined) return failed("401 without a challenge", JUDGED_ADVICE);
    if (error === undefined) {
      return failed("401: the token did not arrive: the server saw none", DROPPED_ADVICE);
    }
    return failed(
      "401: refused",
      "If PropelAuth calls it active, the running server has another Auth URL, other credentials, " +
        "or another SERVER_URL than these settings; its onEvent tells the reason.",
    );
  }
  if (status === 403) return judgeForbidden(text, parameters);
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

/** Judges a 403, by its challenge or its body. */
function judgeForbidden(
  text: string | undefined,
  parameters: ReadonlyMap<string, string> | undefined,
): Outcome {
  if (parameters?.get("error") === "insufficient_scope") {
    return failed(
      say`403: it lacks one of ${foreign(parameters.get("scope"))}`,
      "Log in as a user whose role may grant these scopes, and allow them on the consent page.",
    );
  }
  const body = readObject(text);
  if (body?.["error"] === "insufficient_scope") {
    return failed(
      say`403: the API key lacks one of ${foreign(body["scope"])}`,
      "Let apiKeys.scopes in the server's code give it to this key.",
    );
  }
  return body?.["error"] === "access_denied"
    ? failed(
      "403: the user's organization or role is refused",
      "Log in again and choose another organization, or give the user another role there.",
    )
    : failed(
      "403: refused",
      "The server refuses the host, or a proxy refuses the caller; neither looks at the token.",
    );
}

/** Reads the Bearer challenge, under whatever name a gateway gives to its header. */
function bearerParameters({ headers }: Reply): ReadonlyMap<string, string> | undefined {
  const challenges = parseChallenges(findChallenge(headers)?.value ?? "") ?? [];
  return challenges.find(({ scheme }) => scheme === "bearer")?.parameters;
}
