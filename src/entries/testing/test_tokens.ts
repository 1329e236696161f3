/**
 * The tokens of a test, and PropelAuth's answer about each. No clock of its own, no network.
 *
 * @module
 */

import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import { describe, isScope, requireText } from "../../lib/check_option.ts";

/** The user, the scopes and the lifetime of a token. */
export interface TestTokenOptions {
  /**
   * PropelAuth's user id (`sub`).
   *
   * @default {"user-1"}
   */
  subject?: string;
  /**
   * The granted scopes.
   *
   * @default {the required scopes of the options}
   */
  scopes?: string[];
  /**
   * The OAuth client (`client_id`).
   *
   * @default {"test-client"}
   */
  clientId?: string;
  /**
   * Whom the token was issued for (`aud`).
   *
   * @default {the resource identifier of the options}
   */
  audience?: string | string[];
  /**
   * How long the token lives, by the test's clock; `Infinity` gives it no `exp`.
   *
   * @default {3600}
   */
  expiresInSeconds?: number;
  /**
   * Any other member of PropelAuth's answer, such as `email` or `org_id`. These win over the members
   * above; one that is `undefined` is left out of the answer.
   *
   * @default {none}
   */
  claims?: Record<string, unknown>;
}

/** The defaults of a token. */
interface TokenDefaults {
  readonly scopes: readonly string[];
  readonly audience: string;
  readonly issuer: string;
}

/** The tokens that a test has issued. */
interface TestTokens {
  /** Issues a token. */
  issue(options: TestTokenOptions, now: number): string;
  /** Makes a token inactive for good. */
  revoke(token: string): void;
  /** PropelAuth's answer about any token, also one that was not made here. */
  introspect(token: string, now: number): Record<string, unknown>;
}

const OPTION_NAMES: readonly (keyof TestTokenOptions)[] = [
  "subject",
  "scopes",
  "clientId",
  "audience",
  "expiresInSeconds",
  "claims",
];

/**
 * Creates an empty store.
 *
 * @param defaults The values that a token has when the test gives none.
 * @returns The store.
 */
export function createTestTokens(defaults: TokenDefaults): TestTokens {
  const tokens = new Map<string, Record<string, unknown>>();
  return {
    issue(options: TestTokenOptions, now: number): string {
      const token = `test_${crypto.randomUUID()}`;
      const answer = refuseAs("Cannot make a token", () => buildAnswer(options, defaults, now));
      tokens.set(token, answer);
      return token;
    },
    revoke(token: string): void {
      // RFC 7009 answers alike for an unknown token; in a test it is a mistake.
      if (!tokens.delete(token)) throw new TypeError("Cannot revoke a token that is not active");
    },
    introspect(token: string, now: number): Record<string, unknown> {
      const answer = tokens.get(token);
      const expiresAt = answer?.["exp"];
      const expired = typeof expiresAt === "number" && expiresAt <= now;
      return answer === undefined || expired ? { active: false } : answer;
    },
  };
}

function buildAnswer(
  options: TestTokenOptions,
  defaults: TokenDefaults,
  now: number,
): Record<string, unknown> {
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.some((known) => known === name)) {
      const rule = `one of ${OPTION_NAMES.join(", ")}, or in claims`;
      throw new BrokenRule(name, rule, "an unknown option");
    }
  }
  const {
    subject = "user-1",
    scopes = defaults.scopes,
    clientId = "test-client",
    audience = defaults.audience,
    expiresInSeconds = 3600,
    claims = {},
  } = options;
  if (typeof expiresInSeconds !== "number" || Number.isNaN(expiresInSeconds)) {
    throw new BrokenRule("expiresInSeconds", "a number", describe(expiresInSeconds), "range");
  }
  if (!Array.isArray(scopes) || !scopes.every(isScope)) {
    throw new BrokenRule("scopes", 'an array such as ["read"]', describe(scopes));
  }
  requireText("subject", subject);
  for (const one of Array.isArray(audience) ? audience : [audience]) requireText("audience", one);
  return {
    active: true,
    sub: subject,
    client_id: clientId,
    scope: scopes.join(" "),
    aud: audience,
    iss: defaults.issuer,
    iat: now,
    ...(expiresInSeconds !== Infinity && { exp: now + expiresInSeconds }),
    token_type: "Bearer",
    ...claims,
  };
}
