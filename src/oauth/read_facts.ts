/**
 * Reads the text of an introspection response into facts. Pure: no clock, no network.
 *
 * @module
 */

import { IntrospectionError } from "./errors.ts";
import type { ActiveFacts, FactsFormat, IntrospectionClaims, IntrospectionFacts } from "./facts.ts";
import { freezeDeeply, isObject, parseJson } from "../lib/json.ts";
import { canonicalResource } from "./protected_resource.ts";

/** The members of {@linkcode IntrospectionClaims} that are texts. */
export const TEXT_MEMBERS: readonly string[] = [
  "sub",
  "client_id",
  "iss",
  "jti",
  "token_type",
  "username",
  "email",
  "org_id",
  "org_role",
];
/** The members that are times, in seconds since 1970. */
export const TIME_MEMBERS: readonly string[] = ["exp", "iat", "nbf"];
/** The members that are a text or a list of texts. */
export const LIST_MEMBERS: readonly string[] = ["scope", "aud", "resource"];
const INACTIVE: IntrospectionFacts = Object.freeze({ active: false });

/**
 * Reads an introspection response.
 *
 * Judges nothing: an expired or foreign token gives facts like any other.
 *
 * @param text The body of a 200 response.
 * @returns The facts, frozen all the way down.
 * @throws {IntrospectionError} `malformed_response`: not the JSON object that RFC 7662 describes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7662.html#section-2.2 | RFC 7662 §2.2}
 */
export function readFacts(text: string): IntrospectionFacts {
  const members = readMembers(text);
  if (members["active"] === false) return INACTIVE;
  if (members["active"] !== true) throw new IntrospectionError("malformed_response");
  const tokenType = readTokenType(members["token_type"]);
  return Object.freeze(readActiveFacts(keepTypedMembers(members), tokenType));
}

/** Writes facts as an introspection response, which {@linkcode readFacts} reads as the same facts. */
export function writeFacts(facts: IntrospectionFacts): string {
  if (!facts.active) return '{"active":false}';
  // A token type that is no text was dropped from the claims, and has to refuse the token again.
  const { claims, tokenType } = facts;
  return JSON.stringify(tokenType === null ? { ...claims, token_type: false } : claims);
}

/**
 * Reads a JSON object.
 *
 * Of two members with one name `JSON.parse` keeps the last, which may not be the one that was meant,
 * so such an object is refused.
 *
 * @param text The body of a 200 response.
 * @returns Its members.
 * @throws {IntrospectionError} `malformed_response`: not a JSON object, or a member of it is there
 * twice.
 */
export function readMembers(text: string): Record<string, unknown> {
  const members = parseJson(text);
  if (!isObject(members) || countMembers(text) !== Object.keys(members).length) {
    throw new IntrospectionError("malformed_response");
  }
  return members;
}

function countMembers(text: string): number {
  let count = 0;
  let depth = 0;
  for (const [mark] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g)) {
    if (mark === "{" || mark === "[") depth++;
    else if (mark === "}" || mark === "]") depth--;
    else if (mark === ":" && depth === 1) count++;
  }
  return count;
}

/** The format of a server that takes access tokens alone. */
export const TOKEN_FACTS: FactsFormat = { subject: "token", write: writeFacts, read: readFacts };

/** Drops the listed members that are absent in effect, and refuses those of a wrong type. */
function keepTypedMembers(members: Record<string, unknown>): IntrospectionClaims {
  for (const name of TEXT_MEMBERS) {
    if (typeof members[name] !== "string") delete members[name];
  }
  for (const name of [...TIME_MEMBERS, ...LIST_MEMBERS]) {
    const value = members[name];
    if (value === null || value === undefined) delete members[name];
    else if (!(TIME_MEMBERS.includes(name) ? Number.isFinite(value) : isTextOrTexts(value))) {
      throw new IntrospectionError("malformed_response");
    }
  }
  return freezeDeeply({ ...members, active: true });
}

/** How the lists of an active token are read out of its claims. */
export interface ListReaders {
  /** Reads the member `scope`. */
  readonly scopes: (scope: string | readonly string[] | undefined) => readonly string[];
  /** Reads the member `aud`, or `resource` in its place. */
  readonly audience: (audience: string | readonly string[] | undefined) => readonly string[];
}

/** Reads the lists anew each time. */
export const READ_LISTS: ListReaders = {
  scopes: (scope) => Object.freeze(readScopes(scope)),
  audience: (audience) => Object.freeze(readAudience(audience)),
};

/**
 * Reads the facts about an active token out of its claims.
 *
 * @param claims The claims, frozen.
 * @param tokenType The token type; by default that of the claims.
 * @param lists How the lists are read.
 * @returns The facts.
 */
export function readActiveFacts(
  claims: IntrospectionClaims,
  tokenType: string | null | undefined = claims.token_type,
  lists: ListReaders = READ_LISTS,
): ActiveFacts {
  return {
    active: true,
    clientId: claims.client_id || claims.sub || "unknown",
    subject: claims.sub || undefined,
    scopes: lists.scopes(claims.scope),
    audience: lists.audience(claims.aud ?? claims.resource),
    tokenType,
    expiresAt: claims.exp,
    notBefore: claims.nbf,
    claims,
  };
}

function readTokenType(value: unknown): string | null | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : null;
}

function readScopes(scope: string | readonly string[] | undefined): string[] {
  const scopes = typeof scope === "string" ? scope.split(/\s+/) : scope ?? [];
  return scopes.filter((name) => name !== "");
}

function readAudience(audience: string | readonly string[] | undefined): string[] {
  const members = typeof audience === "string" ? [audience] : audience ?? [];
  return members.map(canonicalResource).filter((member) => member !== undefined);
}

function isTextOrTexts(value: unknown): boolean {
  return typeof value === "string" ||
    (Array.isArray(value) && value.every((member) => typeof member === "string"));
}
