/**
 * The facts about a credential, and the answers that they come in. Types alone.
 *
 * @module
 */

import type { VerifiedApiKey } from "./api_key.ts";
import type { AccessTokenErrorReason } from "./refusal_sentences.ts";

/**
 * The whole introspection response for an active token (RFC 7662 §2.2), frozen.
 *
 * The listed members are there only with the listed type: one that is `null`, or not a string where
 * one is expected, counts as absent. Any other member is as PropelAuth sent it.
 */
export interface IntrospectionClaims {
  /** Always true: an inactive token has no claims. */
  readonly active: true;
  /** PropelAuth's user id. */
  readonly sub?: string;
  /** The OAuth client that the token was issued to. */
  readonly client_id?: string;
  /** The granted scopes, separated by spaces, or as a list. */
  readonly scope?: string | readonly string[];
  /** Whom the token was issued for. */
  readonly aud?: string | readonly string[];
  /** Stands in for `aud` where that is absent. */
  readonly resource?: string | readonly string[];
  /** When the token expires, in seconds since 1970. */
  readonly exp?: number;
  /** When it was issued, in seconds since 1970. */
  readonly iat?: number;
  /** Before when it is not valid, in seconds since 1970. */
  readonly nbf?: number;
  /** Who issued the token. */
  readonly iss?: string;
  /** The token's own identifier. */
  readonly jti?: string;
  /** `Bearer` or `access_token`, in any case; absent is fine too. */
  readonly token_type?: string;
  /** A name for people. */
  readonly username?: string;
  /** The user's e-mail address. */
  readonly email?: string;
  /** The organization that the user chose. */
  readonly org_id?: string;
  /** The user's role in that organization. */
  readonly org_role?: string;
  /** Any other member, as PropelAuth sent it. */
  readonly [member: string]: unknown;
}

/** An introspection response, read: facts, not yet a verdict. Read-only, so that it can be shared. */
export type IntrospectionFacts = InactiveFacts | ActiveFacts;

/** A credential that no policy lets in. */
interface InactiveFacts {
  readonly active: false;
  /** Why; absent when PropelAuth says no more than that it is not active. */
  readonly reason?: AccessTokenErrorReason;
}

/** The facts about an active token. */
export interface ActiveFacts {
  readonly active: true;
  readonly clientId: string;
  readonly subject: string | undefined;
  readonly scopes: readonly string[];
  /**
   * In canonical form; a member that identifies no server is left out. `undefined`: an API key, which
   * is good at every server of the environment.
   */
  readonly audience: readonly string[] | undefined;
  /** `undefined`: absent. `null`: present, but not a string. */
  readonly tokenType: string | null | undefined;
  /** Seconds since 1970. */
  readonly expiresAt: number | undefined;
  /** Seconds since 1970. */
  readonly notBefore: number | undefined;
  readonly claims: IntrospectionClaims;
  /** Absent for an access token. */
  readonly apiKey?: VerifiedApiKey;
}

/** Where the facts about a token came from. */
export type FactsSource = "cache" | "introspection" | "flight" | "shared_cache" | "stale";

/** The facts about a token, with their age and source. */
export interface Answer {
  readonly facts: IntrospectionFacts;
  /** When the question was asked, in seconds since 1970: a revocation since then is not in it. */
  readonly askedAt: number;
  readonly source: FactsSource;
}

/**
 * Introspects a token, at PropelAuth or in a cache.
 *
 * @param token The access token.
 * @param digest Its SHA-256 in hex.
 * @returns The answer.
 * @throws {IntrospectionError} Any reason: the token could not be introspected.
 */
export type Introspect = (token: string, digest: string) => Promise<Answer>;

/** How facts are written into a shared cache, and read from it. */
export interface FactsFormat {
  /** The subject of the facts, a part of each entry's name: another format has entries of its own. */
  readonly subject: string;
  /** Writes facts as a text that `read` reads as the same facts again. */
  readonly write: (facts: IntrospectionFacts) => string;
  /** Reads facts about the credential with a digest; throws when the text holds none. */
  readonly read: (text: string, digest: string) => IntrospectionFacts;
}
