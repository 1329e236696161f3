/**
 * Judges introspection: our credentials there, and a token. Pure: no clock, no network.
 *
 * @module
 */

import { type AccessTokenPolicy, judgeAccessToken } from "../../../oauth/access_token.ts";
import { AccessTokenError, type IntrospectionError } from "../../../oauth/errors.ts";
import type { ActiveFacts, IntrospectionFacts } from "../../../oauth/facts.ts";
import type { Answer } from "../ask.ts";
import { parseChallenges } from "./parse_challenges.ts";
import { failed, ok, type Verdict } from "../report.ts";
import type { Show } from "../show.ts";

const CREDENTIALS_ADVICE =
  "In PropelAuth's dashboard choose the environment of this Auth URL, then MCP > Request " +
  "Validation, and create credentials. Those of another environment do not count.";

/**
 * Judges the answer about a random token, which nobody ever issued.
 *
 * @param facts What PropelAuth says of it.
 * @returns The verdict.
 */
export function judgeRandomToken(facts: IntrospectionFacts): Verdict {
  if (!facts.active) return ok("accepted; a random token is inactive, as it has to be");
  return failed(
    "a random token is said to be active",
    "Anyone would get in. This is no introspection endpoint of PropelAuth: look at the Auth URL " +
      "and at what stands between. Take the server down until then.",
  );
}

/**
 * Says why PropelAuth gave no usable answer to an introspection request.
 *
 * @param error What was made of its answer.
 * @returns The verdict.
 */
export function judgeRefusedQuestion({ reason, status }: IntrospectionError): Verdict {
  if (status === 404) {
    return failed(
      "404: MCP is not enabled in this environment",
      "In PropelAuth's dashboard choose the environment of this Auth URL, then MCP > Enable MCP.",
    );
  }
  if (reason === "client_refused") {
    return failed(
      `${status}: the client id or secret is wrong, or of another environment`,
      CREDENTIALS_ADVICE,
    );
  }
  if (reason === "unavailable") {
    return failed(
      `${status}: PropelAuth is not available`,
      "Try again in a minute; then look at PropelAuth's status page.",
    );
  }
  return failed(
    status === undefined ? "the answer is no introspection response" : `${status}, not 200`,
    "Something else answers there: look at the Auth URL, and at what stands between.",
  );
}

/**
 * Judges what PropelAuth says of the token, as the server's gate would.
 *
 * @param facts What PropelAuth says.
 * @param policy What a token has to satisfy.
 * @param now Seconds since 1970.
 * @param show Shows what came from outside.
 * @returns The verdict, with the audience and the scopes of the token.
 */
export function judgeToken(
  facts: IntrospectionFacts,
  policy: AccessTokenPolicy,
  now: number,
  show: Show,
): Verdict {
  try {
    judgeAccessToken(facts, policy, now, "");
    return ok(describeToken(facts, now, show));
  } catch (error) {
    if (!(error instanceof AccessTokenError)) throw error;
    const [seen, remedy] = explain(error, facts, policy, now, show);
    return failed(seen, remedy);
  }
}

function explain(
  { reason }: AccessTokenError,
  facts: IntrospectionFacts,
  policy: AccessTokenPolicy,
  now: number,
  show: Show,
): [seen: string, remedy: string] {
  const described = describeToken(facts, now, show);
  switch (reason) {
    case "expired":
      return [
        described,
        "PropelAuth still calls it active: compare this machine's clock with PropelAuth's.",
      ];
    case "not_yet_valid":
      return [described, "It is not valid yet: compare the clocks."];
    case "audience_mismatch":
      return [
        described,
        `It was issued for another server than ${policy.resource}. Log in with a client that was ` +
        "given this server's URL.",
      ];
    case "scope_missing": {
      const held = scopesOf(facts);
      const missing = policy.requiredScopes.filter((scope) => !policy.holdsScope(held, scope));
      return [
        described,
        `It lacks ${missing.join(" ")}. Log in as a user whose role may grant it, or require less.`,
      ];
    }
    case "wrong_token_type":
      return [
        `its type is ${show.value(facts.active ? facts.tokenType : undefined)}`,
        "This is no access token: take the access_token of a login, not the refresh_token.",
      ];
    case "inactive":
    // The rest is judged elsewhere, or against rules that are the server's own.
    case "missing_credentials":
    case "malformed_credentials":
    case "org_claim_missing":
    case "org_mismatch":
    case "role_claim_missing":
    case "role_mismatch":
      return [
        "inactive: expired, revoked, or of another environment",
        "Log in again, to the environment of this Auth URL, and take the access_token.",
      ];
  }
}

function scopesOf(facts: IntrospectionFacts): readonly string[] {
  return facts.active ? facts.scopes : [];
}

function describeToken(facts: IntrospectionFacts, now: number, show: Show): string {
  if (!facts.active) return "inactive";
  return `${describeLife(facts, now)}, for ${describeAudience(facts, show)}, scopes ${
    show.list(facts.scopes) || "none"
  }`;
}

function describeLife({ expiresAt, notBefore }: ActiveFacts, now: number): string {
  if (notBefore !== undefined && notBefore > now) return "active, but not yet valid";
  if (expiresAt === undefined) return "active without end";
  if (expiresAt <= now) return "active, but past its exp";
  const minutes = Math.floor((expiresAt - now) / 60);
  return `active for ${minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`}`;
}

function describeAudience({ claims }: ActiveFacts, show: Show): string {
  const audience = claims.aud ?? claims.resource ?? [];
  return show.list(typeof audience === "string" ? [audience] : audience) || "no audience";
}

/**
 * Judges how the running server took the token.
 *
 * @param answer Its answer to a call with the token.
 * @param show Shows what came from outside.
 * @returns The verdict.
 */
export function judgeAcceptance({ status, headers }: Answer, show: Show): Verdict {
  const [challenge] = parseChallenges(headers.get("WWW-Authenticate") ?? "") ?? [];
  const error = challenge?.parameters.get("error");
  if (status === 401) {
    return failed(
      "401: refused",
      "If PropelAuth calls it active, the running server has another Auth URL, other credentials, " +
        "or another SERVER_URL than these settings; its onEvent tells the reason.",
    );
  }
  if (status === 403) {
    const scopes = challenge?.parameters.get("scope");
    return error === "insufficient_scope"
      ? failed(
        `403: it lacks one of ${show.value(scopes)}`,
        "Log in as a user whose role may grant these scopes, and allow them on the consent page.",
      )
      : failed("403: refused", "The server or a proxy refuses the caller, not the token.");
  }
  if (status === 400 && error !== undefined) {
    return failed("400: malformed credentials", "Take the access_token alone, without Bearer.");
  }
  if (status >= 500) {
    return failed(
      `${status}: the server could not verify it`,
      "It cannot ask PropelAuth, or its own introspection credentials are wrong: see its onEvent.",
    );
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
