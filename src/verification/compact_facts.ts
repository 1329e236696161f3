/**
 * Facts and digests as the cache keeps them: the claims of a token in one small object, each text that
 * many tokens share once, and a digest as a short key. Pure: no clock, no network.
 *
 * @module
 */

import type { ActiveFacts, IntrospectionClaims } from "../oauth/facts.ts";
import { type ListReaders, READ_LISTS, readActiveFacts } from "../oauth/read_facts.ts";

/** How many texts are shared, and of how many the lists are remembered; past it that starts anew. */
const MAX_SHARED_TEXTS = 10_000;
/** The longest text that is shared, in characters. */
const MAX_SHARED_LENGTH = 1024;

/** The listed members whose values many tokens have in common. */
const SHARED_MEMBERS: ReadonlySet<string> = new Set([
  "client_id",
  "scope",
  "aud",
  "resource",
  "iss",
  "token_type",
  "org_id",
  "org_role",
]);

/** Claims alone, or whole facts where these cannot be read out of the claims again. */
export type CompactFacts = IntrospectionClaims | WholeFacts;

class WholeFacts {
  readonly facts: ActiveFacts;

  constructor(facts: ActiveFacts) {
    this.facts = facts;
  }
}

/** Makes facts compact, and whole again. */
interface Compactor {
  /** Makes facts compact. */
  compact(facts: ActiveFacts): CompactFacts;
  /** Gives facts equal to those that were made compact. */
  restore(kept: CompactFacts): ActiveFacts;
  /** The user of compact facts, without restoring them. */
  subjectOf(kept: CompactFacts): string | undefined;
}

/** Creates a compactor with no shared texts. */
export function createCompactor(): Compactor {
  const shareText = remember((text: string) => text);
  const lists: ListReaders = {
    scopes: remember(READ_LISTS.scopes),
    audience: remember(READ_LISTS.audience),
  };

  /** Copies claims. A text that stands twice in them, such as `sub` and `user_id`, is kept once. */
  function compactClaims(claims: IntrospectionClaims): IntrospectionClaims {
    const names = Object.keys(claims);
    // An object that the JSON parser makes has no room left over for more members.
    const copy = JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}:0`).join()}}`);
    const seen = new Map<string, string>();
    for (const name of names) {
      const value = claims[name];
      if (typeof value !== "string") copy[name] = value;
      else {
        const text = seen.get(value) ?? (SHARED_MEMBERS.has(name) ? shareText(value) : value);
        seen.set(value, text);
        copy[name] = text;
      }
    }
    return Object.freeze(copy);
  }

  return {
    compact(facts: ActiveFacts): CompactFacts {
      const { claims, apiKey } = facts;
      // Lists as such are rare, and reading them anew takes long; `__proto__` cannot be assigned.
      const isUsual = typeof claims.scope !== "object" &&
        typeof (claims.aud ?? claims.resource) !== "object" &&
        !Object.hasOwn(claims, "__proto__") && apiKey === undefined &&
        writeWithoutClaims(facts) === writeWithoutClaims(readActiveFacts(claims));
      return isUsual ? compactClaims(claims) : new WholeFacts(facts);
    },
    restore: (kept: CompactFacts): ActiveFacts =>
      kept instanceof WholeFacts ? kept.facts : readActiveFacts(kept, kept.token_type, lists),
    subjectOf: (kept: CompactFacts): string | undefined =>
      kept instanceof WholeFacts ? kept.facts.subject : kept.sub || undefined,
  };
}

/** Remembers what was read out of texts. */
function remember<Value, Read>(read: (value: Value) => Read): (value: Value) => Read {
  const known = new Map<Value, Read>();
  return (value) => {
    const remembered = known.get(value);
    if (remembered !== undefined) return remembered;
    const result = read(value);
    if (typeof value === "string" && value.length > MAX_SHARED_LENGTH) return result;
    if (known.size >= MAX_SHARED_TEXTS) known.clear();
    known.set(value, result);
    return result;
  };
}

function writeWithoutClaims(facts: ActiveFacts): string {
  return JSON.stringify({ ...facts, claims: undefined });
}

/** The length of a SHA-256 in hex. */
const HEX_LENGTH = 64;
/** Filled anew by each call. A plain array: spreading a typed one takes seven times as long. */
const units: number[] = new Array(HEX_LENGTH / 4).fill(0);

/** The value of a hex digit: 0x30 to 0x39 are the codes of the digits, 0x61 to 0x66 of the letters. */
function digitAt(digest: string, at: number): number {
  const code = digest.charCodeAt(at);
  return code < 0x61 ? code - 0x30 : code - 0x61 + 10;
}

/**
 * Packs a SHA-256 in hex into 16 characters of 16 bits each: a key of 48 bytes of memory in place of 80,
 * in which no bit is lost.
 *
 * @param digest The digest, in lower case. Any other text is returned as it is.
 * @returns The key. It is no text to print: its characters may be half of one.
 */
export function packDigest(digest: string): string {
  if (digest.length !== HEX_LENGTH) return digest;
  for (let unit = 0; unit < units.length; unit++) {
    const at = 4 * unit;
    const high = digitAt(digest, at) << 12 | digitAt(digest, at + 1) << 8;
    units[unit] = high | digitAt(digest, at + 2) << 4 | digitAt(digest, at + 3);
  }
  // In one go: a text that is joined of parts keeps them.
  return String.fromCharCode(...units);
}
