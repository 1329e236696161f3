/**
 * Judges the facts that PropelAuth gives about a token. Pure: no clock, no network.
 *
 * @module
 */

import { answersFor, type CredentialType, type VerifiedApiKey } from "./api_key.ts";
import { AccessTokenError } from "./errors.ts";
import type { ActiveFacts, IntrospectionClaims, IntrospectionFacts } from "./facts.ts";
import { holdsAll, type HoldsScope } from "./scope_hierarchy.ts";

/**
 * A verified access token, or an API key: who calls, through which client, with which scopes.
 *
 * Each request gets an object of its own, so a change to it reaches no other request. Fits the
 * `AuthInfo` of both MCP SDK majors.
 */
export interface AccessToken {
  /** The token itself; not enumerable, so that no log and no JSON of this object shows it. */
  readonly token: string;
  /** The kind of credential that the client sent; not enumerable. */
  readonly credential: CredentialType;
  /** With an API key: what PropelAuth says about it. */
  readonly apiKey?: VerifiedApiKey;
  /**
   * The OAuth client: `client_id`, else `sub`, else `"unknown"`. With an API key: `"api_key_"` and the
   * first 16 hex digits of its SHA-256.
   */
  readonly clientId: string;
  /** The scopes that the user granted. With an API key: those that the option `apiKeys` gives it. */
  readonly scopes: string[];
  /** Seconds since 1970; absent when the token has no `exp`, and with an API key. */
  readonly expiresAt?: number;
  /** The resource identifier of this server. */
  readonly resource: URL;
  /** The URL of this server's protected resource metadata (RFC 9728). */
  readonly resourceMetadataUrl: string;
  /** PropelAuth's user id (`sub`). */
  readonly subject?: string;
  /**
   * The organization that the user chose at login (`org_id`), or whose API key it is; absent when the
   * credential names none.
   */
  readonly orgId?: string;
  /** The user's role in that organization (`org_role`). */
  readonly orgRole?: string;
  /**
   * The whole introspection response, frozen. With an API key: the members of PropelAuth's answer, and
   * `sub`, `username`, `email`, `org_id` and `org_role` out of it.
   */
  readonly claims: IntrospectionClaims;
  /** `subject` and `claims` again, for code that knows the SDK's `AuthInfo` alone. */
  readonly extra: { subject?: string; claims: IntrospectionClaims };
}

/** The conditions under which a token passes. */
export interface AccessTokenPolicy {
  /** The resource identifier, as it is published. */
  readonly resource: string;
  /** The same in the canonical form in which audiences are compared; `undefined` matches no token. */
  readonly audience: string | undefined;
  /** The URL of the protected resource metadata. */
  readonly resourceMetadataUrl: string;
  /** Every request needs all of them. */
  readonly requiredScopes: readonly string[];
  /** The scopes that a client without a good token shall ask for; an empty list names none. */
  readonly challengeScopes: readonly string[];
  /** Whether granted scopes are enough for a required one. */
  readonly holdsScope: HoldsScope;
  /** Whether tokens for other servers of the same environment pass. */
  readonly dangerouslyAllowAnyAudience: boolean;
  /** The organization whose resource this is; absent where organizations have no resources. */
  readonly orgId?: string;
  /** With `orgId`: whether tokens that name no organization pass. */
  readonly dangerouslyAllowMissingOrgId?: boolean;
}

const BEARER_TOKEN_TYPE = /^(bearer|access_token)$/i;

/**
 * Judges facts against a policy and the time.
 *
 * The order is fixed: inactive, wrong token type, expired, not yet valid, audience, organization,
 * scope. So an expired token that also lacks a scope has the client fetch a new token, not more
 * scopes.
 *
 * @param facts The facts that PropelAuth gives about the token.
 * @param policy The conditions under which it passes.
 * @param now Seconds since 1970.
 * @param token The token that the facts are about.
 * @returns A new object for this request alone.
 * @throws {AccessTokenError} `inactive`, `wrong_token_type`, `expired`, `not_yet_valid`,
 * `audience_mismatch`, `org_claim_missing`, `org_mismatch` or `scope_missing`; for an API key also
 * one of the reasons that begin with `api_key_`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7662.html#section-4 | RFC 7662 §4}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707.html#section-2 | RFC 8707 §2}
 */
export function judgeAccessToken(
  facts: IntrospectionFacts,
  policy: AccessTokenPolicy,
  now: number,
  token: string,
): AccessToken {
  if (!facts.active) throw new AccessTokenError(facts.reason ?? "inactive");
  const { tokenType, expiresAt, notBefore, audience, scopes } = facts;
  if (tokenType === null || (tokenType !== undefined && !BEARER_TOKEN_TYPE.test(tokenType))) {
    throw new AccessTokenError("wrong_token_type");
  }
  if (expiresAt !== undefined && expiresAt <= now) throw new AccessTokenError("expired");
  if (notBefore !== undefined && notBefore > now) throw new AccessTokenError("not_yet_valid");
  const meantForUs = policy.audience !== undefined &&
    (audience === undefined || audience.includes(policy.audience));
  if (!meantForUs && !policy.dangerouslyAllowAnyAudience) {
    throw new AccessTokenError("audience_mismatch");
  }
  if (policy.orgId !== undefined) judgeOrg(facts, policy);
  const { holdsScope, requiredScopes } = policy;
  if (!holdsAll(holdsScope, scopes, requiredScopes)) throw scopeMissing(facts, requiredScopes);
  return new VerifiedAccessToken(token, facts, policy);
}

/** A client chooses the audience of its token; only the claim proves the user's organization. */
function judgeOrg({ claims, apiKey }: ActiveFacts, policy: AccessTokenPolicy): void {
  if (claims.org_id === undefined) {
    // No audience of an API key says for which organization it is.
    if (!policy.dangerouslyAllowMissingOrgId || apiKey !== undefined) {
      throw new AccessTokenError("org_claim_missing");
    }
  } else if (claims.org_id !== policy.orgId) throw new AccessTokenError("org_mismatch");
}

/**
 * Creates the error of a caller who lacks a scope. An API key has a reason of its own: no login gives
 * it more scopes.
 *
 * @param credential The facts about the credential, or the caller.
 * @param scopes Every scope that the operation needs.
 * @returns The error.
 */
export function scopeMissing(
  credential: Pick<ActiveFacts, "apiKey">,
  scopes: readonly string[],
): AccessTokenError {
  return answersFor(credential)?.scopeMissing(scopes) ??
    new AccessTokenError("scope_missing", scopes);
}

/**
 * Tells a token that was judged here from any other object, however alike.
 *
 * @param value Anything, such as the `authInfo` that an MCP SDK hands to a tool.
 * @returns Whether it is the very object that {@linkcode judgeAccessToken} returned.
 */
export function isAccessToken(value: unknown): value is AccessToken {
  return VerifiedAccessToken.includes(value);
}

/** Built by plain assignment: freezing, spreading or redefining would cost more than the hash. */
class VerifiedAccessToken implements AccessToken {
  readonly #token: string;
  declare readonly apiKey?: VerifiedApiKey;
  readonly clientId: string;
  readonly scopes: string[];
  declare readonly expiresAt?: number;
  readonly resource: URL;
  readonly resourceMetadataUrl: string;
  declare readonly subject?: string;
  declare readonly orgId?: string;
  declare readonly orgRole?: string;
  readonly claims: IntrospectionClaims;
  readonly extra: AccessToken["extra"];

  constructor(token: string, facts: ActiveFacts, policy: AccessTokenPolicy) {
    const { subject, expiresAt, claims, apiKey } = facts;
    this.#token = token;
    this.clientId = facts.clientId;
    this.scopes = [...facts.scopes];
    if (expiresAt !== undefined) this.expiresAt = expiresAt;
    this.resource = new URL(policy.resource);
    this.resourceMetadataUrl = policy.resourceMetadataUrl;
    if (subject !== undefined) this.subject = subject;
    if (claims.org_id) this.orgId = claims.org_id;
    if (claims.org_role) this.orgRole = claims.org_role;
    this.claims = claims;
    if (apiKey !== undefined) this.apiKey = apiKey;
    this.extra = subject === undefined ? { claims } : { subject, claims };
  }

  /** By a private member, which no other class can have. */
  static includes(value: unknown): value is VerifiedAccessToken {
    return typeof value === "object" && value !== null && #token in value;
  }

  /** On the prototype: logs and JSON print own members alone. */
  get token(): string {
    return this.#token;
  }

  get credential(): CredentialType {
    return this.apiKey === undefined ? "access_token" : "api_key";
  }
}
