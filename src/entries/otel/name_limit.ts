/**
 * Bounds how many different names a metric or a span name can have. Callers choose the names of the
 * tools that they call, and each new name is a time series of its own. Pure: no clock, no network.
 *
 * @module
 */

import { OTHER } from "./conventions.ts";

/** MCP 2025-11-25, tools: a name should have 1 to 128 characters. */
const MAX_LENGTH = 128;
const MAX_PROVEN = 1000;
const MAX_UNPROVEN = 100;

/** The names that have been seen, at most 1,100 of them. */
interface NameLimit {
  /** Gives the name itself while there is room for it, else `_OTHER`. */
  limit(name: string): string;
  /** Keeps a name for good, because a call of it succeeded: so it exists. */
  prove(name: string): void;
}

/**
 * Creates an empty set of names.
 *
 * Up to 1,000 names that exist are kept, and up to 100 that may not exist: a caller who makes up names
 * fills the second part alone.
 *
 * @returns The set.
 */
export function createNameLimit(): NameLimit {
  const proven = new Set<string>();
  const unproven = new Set<string>();
  return {
    limit(name) {
      if (proven.has(name) || unproven.has(name)) return name;
      if (name.length > MAX_LENGTH || unproven.size >= MAX_UNPROVEN) return OTHER;
      unproven.add(name);
      return name;
    },
    prove(name) {
      if (name.length > MAX_LENGTH || proven.size >= MAX_PROVEN) return;
      unproven.delete(name);
      proven.add(name);
    },
  };
}
