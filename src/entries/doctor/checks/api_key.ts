/**
 * Judges the backend API key, and an API key that a user gave. Pure: no clock, no network.
 *
 * @module
 */

import type { IntrospectionError } from "../../../oauth/errors.ts";
import type { ActiveFacts, IntrospectionFacts } from "../../../oauth/facts.ts";
import { failed, ok, type Outcome } from "../report.ts";
import { foreign, foreignList, say, type Words } from "../show.ts";

const BACKEND_KEY_ADVICE =
  "In PropelAuth's dashboard choose the environment of this Auth URL, then Backend Integration > " +
  "API keys, and set PROPELAUTH_API_KEY; the type Validation Only is enough.";

/** Judges the answer about a random API key. */
export function judgeRandomKey(facts: IntrospectionFacts): Outcome {
  if (!facts.active && facts.reason === undefined) {
    return ok("accepted; a random API key is not valid, as it has to be");
  }
  return failed(
    "a random API key is said to be valid",
    "Anyone would get in: take the server down. This is not PropelAuth's endpoint: look at the " +
      "Auth URL, and at any proxy between.",
  );
}

/** Judges a question about an API key to which PropelAuth gave no usable answer. */
export function judgeUnansweredKey({ reason, status }: IntrospectionError): Outcome {
  if (reason === "client_refused") {
    return failed(
      `${status}: the backend API key is wrong, or of another environment`,
      BACKEND_KEY_ADVICE,
    );
  }
  if (reason === "api_key_rate_limited") {
    return failed(`${status}: PropelAuth limits this API key`, "Try again when the limit is over.");
  }
  if (reason === "unavailable") {
    return failed(
      `${status}: PropelAuth is not available`,
      "Try again in a minute; then look at PropelAuth's status page.",
    );
  }
  return failed(
    status === undefined ? "the answer is not one about an API key" : `${status}, not 200 or 400`,
    "Another server answers there: look at the Auth URL, and at any proxy between.",
  );
}

/** Judges a backend API key of `length` characters that breaks the rule of its form. */
export function judgeMalformedKey(rule: string, length: number): Outcome {
  return failed(
    `PROPELAUTH_API_KEY is a text of ${length} characters`,
    `It must be ${rule}. ${BACKEND_KEY_ADVICE}`,
  );
}

/**
 * Says whose an API key is.
 *
 * @param facts The facts about it.
 * @param knowsScopes Whether the scopes are those of the server's own `apiKeys`.
 * @returns A sentence.
 */
export function summarizeKey(
  { apiKey, scopes }: ActiveFacts,
  knowsScopes: boolean,
): Words {
  const { kind, subject, orgId } = apiKey ?? {};
  const owner = say`${kind === "organization" ? say`of organization ${foreign(orgId)}` : ""}${
    kind === "personal" ? say`of user ${foreign(subject)}` : ""
  }${kind === "generic" ? "of nobody" : ""}`;
  const scoped = knowsScopes ? say`scopes ${foreignList(scopes)}` : "its scopes are your code's";
  return say`a valid API key ${owner}, ${scoped}`;
}
