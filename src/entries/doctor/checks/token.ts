/**
 * Judges PropelAuth's answers to introspection. Pure: no clock, no network.
 *
 * @module
 */

import { type AccessTokenPolicy, judgeAccessToken } from "../../../oauth/access_token.ts";
import { AccessTokenError, type IntrospectionError } from "../../../oauth/errors.ts";
import type { ActiveFacts, IntrospectionFacts } from "../../../oauth/facts.ts";
import type { AccessTokenErrorReason } from "../../../oauth/refusal_sentences.ts";
import { failed, ok, type Outcome } from "../report.ts";
import { foreign, foreignList, say, type Words } from "../show.ts";
import { summarizeKey } from "./api_key.ts";

const CREDENTIALS_ADVICE =
  "In PropelAuth's dashboard choose the environment of this Auth URL, then MCP > Request " +
  "Validation, and create credentials. Those of another environment do not count.";

/** Judges the answer about a random token, which was never issued. */
export function judgeRandomToken(facts: IntrospectionFacts): Outcome {
  if (!facts.active) return ok("accepted; a random token is inactive, as it has to be");
  return failed(
    "a random token is said to be active",
    "Anyone would get in: take the server down. This is not PropelAuth's endpoint: look at the " +
      "Auth URL, and at any proxy between.",
  );
}

/** Judges an introspection request to which PropelAuth gave no usable answer. */
export function judgeUnanswered({ reason, status }: IntrospectionError): Outcome {
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
    status === undefined ? "the answer is not an introspection response" : `${status}, not 200`,
    "Another server answers there: look at the Auth URL, and at any proxy between.",
  );
}

/**
 * Judges the answer about the user's token, by the rules of the server's gate.
 *
 * @param facts The answer.
 * @param policy The audience and the scopes that a token has to have.
 * @param now Seconds since 1970.
 * @param knowsScopes Whether an API key has the scopes that the server gives it.
 * @returns The outcome; it shows the audience and the scopes of the token, or whose the key is.
 */
export function judgeToken(
  facts: IntrospectionFacts,
  policy: AccessTokenPolicy,
  now: number,
  knowsScopes: boolean,
): Outcome {
  const summary = facts.active && facts.apiKey !== undefined
    ? summarizeKey(facts, knowsScopes)
    : summarize(facts, now);
  try {
    judgeAccessToken(facts, policy, now, "");
    return ok(summary);
  } catch (error) {
    if (!(error instanceof AccessTokenError)) throw error;
    const [seen, remedy] = explain(error, facts, policy, summary);
    return failed(seen, remedy);
  }
}

type Explanation = readonly [seen: Words, remedy: Words];

/** The reasons whose explanation depends on the token. */
type ReasonOfToken =
  | "expired"
  | "not_yet_valid"
  | "audience_mismatch"
  | "scope_missing"
  | "api_key_scope_missing"
  | "wrong_token_type";

const INACTIVE: Explanation = [
  "inactive: expired, revoked, or of another environment",
  "Log in again, to the environment of this Auth URL, and take the access_token.",
];

const EXPLANATIONS: Readonly<Record<Exclude<AccessTokenErrorReason, ReasonOfToken>, Explanation>> =
  {
    inactive: INACTIVE,
    api_key_user_disabled: [
      "an API key of a user who is disabled or locked",
      "Unlock or enable the user.",
    ],
    api_key_maker_left: [
      "an API key of an organization whose maker has left it",
      "Have a member of the organization make a new key.",
    ],
    api_key_kind_refused: [
      "an API key of a kind that is not let in",
      "Look at apiKeys.kinds in your code.",
    ],
    // These cannot occur here: no header is read, no organization or role required.
    missing_credentials: INACTIVE,
    malformed_credentials: INACTIVE,
    org_claim_missing: INACTIVE,
    org_mismatch: INACTIVE,
    role_claim_missing: INACTIVE,
    role_mismatch: INACTIVE,
  };

function explain(
  { reason }: AccessTokenError,
  facts: IntrospectionFacts,
  policy: AccessTokenPolicy,
  summary: Words,
): Explanation {
  switch (reason) {
    case "expired":
      return [
        summary,
        "PropelAuth still calls it active: compare this machine's clock with PropelAuth's.",
      ];
    case "not_yet_valid":
      return [summary, "It is not valid yet: compare the clocks."];
    case "audience_mismatch":
      return [
        summary,
        `It was issued for another server than ${policy.resource}. Log in with a client that was ` +
        "given this server's URL.",
      ];
    case "scope_missing":
    case "api_key_scope_missing": {
      const held = scopesOf(facts);
      const missing = policy.requiredScopes.filter((scope) => !policy.holdsScope(held, scope));
      const remedy = reason === "scope_missing"
        ? "Log in as a user whose role may grant it, or require less."
        : "Let apiKeys.scopes give it, or require less.";
      return [summary, say`It lacks ${foreignList(missing)}. ${remedy}`];
    }
    case "wrong_token_type":
      return [
        say`its type is ${foreign(facts.active ? facts.tokenType : undefined)}`,
        "This is not an access token: take the access_token of a login, not the refresh_token.",
      ];
    default:
      return EXPLANATIONS[reason];
  }
}

function scopesOf(facts: IntrospectionFacts): readonly string[] {
  return facts.active ? facts.scopes : [];
}

function summarize(facts: IntrospectionFacts, now: number): Words {
  if (!facts.active) return "inactive";
  const life = describeLife(facts, now);
  return say`${life}, for ${describeAudience(facts)}, scopes ${foreignList(facts.scopes)}`;
}

function describeLife({ expiresAt, notBefore }: ActiveFacts, now: number): string {
  if (notBefore !== undefined && notBefore > now) return "active, but not yet valid";
  if (expiresAt === undefined) return "active without end";
  if (expiresAt <= now) return "active, but past its exp";
  const minutes = Math.floor((expiresAt - now) / 60);
  return `active for ${minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`}`;
}

function describeAudience({ claims }: ActiveFacts): Words {
  const audience = claims.aud ?? claims.resource ?? [];
  const list = typeof audience === "string" ? [audience] : audience;
  return list.length === 0 ? "no audience" : foreignList(list);
}
