/**
 * Facts as the cache keeps them: the claims of a token in one small object, and each text that many
 * tokens share once. Pure: no clock, no network.
 *
 * @module
 */

import type { ActiveFacts, IntrospectionClaims } from "../oauth/facts.ts";
import { type ListReaders, READ_LISTS, readActiveFacts } from "../oauth/read_facts.ts";

/** How many texts are shared, and from how many the lists are remembered. A full store is emptied. */
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

/** Members that often have the text of another one. */
const TWINS: ReadonlyMap<string, string> = new Map([["user_id", "sub"], ["email", "username"]]);

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

  /**
   * Copies claims. No text that is a token's own may be a key of a Map: V8 15 would keep each such text
   * in a table of all, which takes half the time of a garbage collection.
   */
  function compactClaims(claims: IntrospectionClaims): IntrospectionClaims {
    const names = Object.keys(claims);
    // An object that the JSON parser makes has no room left over for more members.
    const copy = JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}:0`).join()}}`);
    for (const name of names) {
      const value = claims[name];
      const twin = claims[TWINS.get(name) ?? name];
      // Of two equal texts one stays in memory.
      if (typeof value === "string" && SHARED_MEMBERS.has(name)) copy[name] = shareText(value);
      else copy[name] = value === twin ? twin : value;
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
