/**
 * Reads PropelAuth's answer about an API key into facts. Pure: no clock, no network.
 *
 * @module
 */

import { definedOnly, freezeDeeply, isObject } from "../../lib/json.ts";
import { type ApiKeyKind, keyAnswers, type VerifiedApiKey } from "../../oauth/api_key.ts";
import { IntrospectionError } from "../../oauth/errors.ts";
import type { ApiKeyRefusal } from "../../oauth/refusal_sentences.ts";
import type {
  ActiveFacts,
  FactsFormat,
  IntrospectionClaims,
  IntrospectionFacts,
} from "../../oauth/facts.ts";
import {
  LIST_MEMBERS,
  readFacts,
  readMembers,
  TEXT_MEMBERS,
  TIME_MEMBERS,
  writeFacts,
} from "../../oauth/read_facts.ts";
import { KEY_ANSWERS } from "./answers.ts";
import type { GrantScopes } from "./options.ts";

/** Hex digits of a key's SHA-256 in its client id: 64 bits tell all keys of an environment apart. */
const CLIENT_ID_DIGITS = 16;

/** The members that have a meaning in the claims of a token. */
const CLAIM_NAMES: readonly string[] = [...TEXT_MEMBERS, ...TIME_MEMBERS, ...LIST_MEMBERS];

/** The members of an answer; a 200 without any of them comes from elsewhere. */
const MEMBERS = ["metadata", "user", "org", "user_in_org", "user_id", "org_id"] as const;

/**
 * Reads the answer about a valid key.
 *
 * A member that is `null` counts as absent. Nothing in it gives the key a scope, an audience or an
 * expiry, whatever its members are called.
 *
 * @param text The body of a 200 response.
 * @param digest The key's SHA-256 in hex.
 * @param kinds The kinds of keys that are let in.
 * @returns The facts, frozen all the way down, without scopes. Inactive with a reason: the user is
 * disabled or locked, the maker has left the organization, or the kind is not let in.
 * @throws {IntrospectionError} `malformed_response`: not an answer about a key, or one that
 * contradicts itself.
 */
export function readKeyFacts(
  text: string,
  digest: string,
  kinds: ReadonlySet<ApiKeyKind>,
): IntrospectionFacts {
  const members = readMembers(text);
  const { active = true } = members;
  if (active !== true || !MEMBERS.some((name) => name in members)) throw malformed();
  const owner = readOwner(members);
  const { kind, subject, orgId, user, org, userInOrg } = owner;
  const reason = findRefusal(owner, kinds);
  if (reason !== undefined) return { active: false, reason };
  const named = definedOnly({
    subject,
    orgId,
    email: readText(user?.["email"]),
    orgName: readText(userInOrg?.["org_name"] ?? org?.["org_name"] ?? org?.["name"]),
    orgRole: readText(userInOrg?.["user_role"]),
  });
  const apiKey: VerifiedApiKey = {
    kind,
    metadata: readObject(members["metadata"]) ?? {},
    ...named,
    permissions: readTexts(userInOrg?.["user_permissions"]),
  };
  keyAnswers.set(apiKey, KEY_ANSWERS);
  const username = readText(user?.["username"]);
  return freezeDeeply<ActiveFacts>({
    active: true,
    clientId: `api_key_${digest.slice(0, CLIENT_ID_DIGITS)}`,
    subject,
    scopes: [],
    audience: undefined,
    tokenType: undefined,
    expiresAt: undefined,
    notBefore: undefined,
    claims: buildClaims(members, { ...named, username }),
    apiKey,
  });
}

/** The owner of a key, and the objects of the answer that describe it. */
interface Owner {
  readonly kind: ApiKeyKind;
  readonly subject: string | undefined;
  readonly orgId: string | undefined;
  readonly user: Members | undefined;
  readonly org: Members | undefined;
  readonly userInOrg: Members | undefined;
}

type Members = Record<string, unknown>;

/** A key is for one user and one organization: an answer that names two is not understood. */
function readOwner(members: Members): Owner {
  const user = readObject(members["user"]);
  const org = readObject(members["org"]);
  const userInOrg = readObject(members["user_in_org"]);
  const subject = readId(members["user_id"], user && requireId(user["user_id"]));
  const orgId = readId(
    members["org_id"],
    org && requireId(org["org_id"]),
    userInOrg && requireId(userInOrg["org_id"]),
  );
  const ofUser = subject === undefined ? "generic" : "personal";
  const kind = orgId === undefined ? ofUser : "organization";
  return { kind, subject, orgId, user, org, userInOrg };
}

/** Why a valid key is refused; `undefined` for a key that is let in. */
function findRefusal(
  { kind, subject, user, userInOrg }: Owner,
  kinds: ReadonlySet<ApiKeyKind>,
): ApiKeyRefusal | undefined {
  if (readFlag(user?.["enabled"]) === false || readFlag(user?.["locked"]) === true) {
    return "api_key_user_disabled";
  }
  if (kind === "organization" && subject !== undefined && userInOrg === undefined) {
    return "api_key_maker_left";
  }
  return kinds.has(kind) ? undefined : "api_key_kind_refused";
}

/**
 * Gives facts the scopes of their key.
 *
 * @param facts Facts about a key, or that it is not valid.
 * @param grantScopes Gives the scopes of a key.
 * @returns The facts with the scopes.
 * @throws {TypeError} The function of the options gave no list of scopes; whatever it throws passes
 * through.
 */
export function addScopes(facts: IntrospectionFacts, grantScopes: GrantScopes): IntrospectionFacts {
  if (!facts.active || facts.apiKey === undefined) return facts;
  return Object.freeze({ ...facts, scopes: grantScopes(facts.apiKey) });
}

/** Stands before the answer about a key. JSON never begins with it, so no token is read as a key. */
const KEY_MARK = "key ";

/**
 * Creates the format in which a shared cache keeps facts about tokens and keys. Scopes are not in it:
 * each instance gives its own.
 *
 * @param options The kinds of keys that are let in, and their scopes.
 * @returns The format.
 */
export function createFactsFormat(
  { kinds, grantScopes }: {
    readonly kinds: ReadonlySet<ApiKeyKind>;
    readonly grantScopes: GrantScopes;
  },
): FactsFormat {
  return {
    subject: "credential",
    write: (facts) =>
      facts.active && facts.apiKey !== undefined
        ? `${KEY_MARK}${JSON.stringify(facts.claims)}`
        : writeFacts(facts),
    read: (text, digest) =>
      text.startsWith(KEY_MARK)
        ? addScopes(readKeyFacts(text.slice(KEY_MARK.length), digest, kinds), grantScopes)
        : readFacts(text),
  };
}

/** The answer as PropelAuth sent it, with the claims by which requirements judge a caller. */
function buildClaims(
  members: Members,
  named: {
    readonly subject?: string;
    readonly email?: string;
    readonly orgId?: string;
    readonly orgRole?: string;
    readonly username: string | undefined;
  },
): IntrospectionClaims {
  const sent = Object.entries(members).filter(([name]) => !CLAIM_NAMES.includes(name));
  return {
    ...Object.fromEntries(sent),
    ...definedOnly({
      sub: named.subject,
      username: named.username,
      email: named.email,
      org_id: named.orgId,
      org_role: named.orgRole,
    }),
    active: true,
  };
}

function readObject(value: unknown): Members | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw malformed();
  return value;
}

/** The one id that the given ones agree on. */
function readId(...ids: unknown[]): string | undefined {
  const present = new Set(ids.filter((id) => id !== undefined && id !== null).map(requireId));
  if (present.size > 1) throw malformed();
  return present.values().next().value;
}

function requireId(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw malformed();
}

function readFlag(value: unknown): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw malformed();
  return value;
}

function readText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function readTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function malformed(): IntrospectionError {
  return new IntrospectionError("malformed_response");
}
