/**
 * The orders to forget that this instance was given, so that no answer to an older question counts.
 * Numbered instead of dated: a clock cannot tell what came first within its own resolution.
 *
 * @module
 */

import type { IntrospectionFacts } from "../oauth/facts.ts";

/** How many orders are kept; past them the oldest one counts for every token. */
const MAX_ORDERS = 10_000;

/** The orders to forget. */
interface Orders {
  /** The number of the last order, for {@linkcode Orders.overtake}. */
  readonly last: number;
  /** Adds an order to forget a token. */
  addToken(digest: string): void;
  /** Adds an order to forget a user. */
  addSubject(subject: string): void;
  /**
   * Tells whether the token or its user was to be forgotten after the order number `since`, which
   * was the last one when the question was asked.
   */
  overtake(digest: string, facts: IntrospectionFacts, since: number): boolean;
}

/** Creates an empty list of orders. */
export function createOrders(): Orders {
  /** The number of the newest order for each token and user, oldest first. */
  const numbers = new Map<string, number>();
  let last = 0;
  let dropped = 0;

  function add(name: string): void {
    numbers.delete(name);
    numbers.set(name, ++last);
    if (numbers.size <= MAX_ORDERS) return;
    for (const [oldest, number] of numbers) {
      numbers.delete(oldest);
      dropped = number;
      return;
    }
  }

  return {
    get last(): number {
      return last;
    },
    addToken: (digest: string): void => add(tokenName(digest)),
    addSubject: (subject: string): void => add(subjectName(subject)),
    overtake(digest: string, facts: IntrospectionFacts, since: number): boolean {
      const names = [tokenName(digest)];
      if (facts.active && facts.subject !== undefined) names.push(subjectName(facts.subject));
      return names.some((name) => (numbers.get(name) ?? dropped) > since);
    },
  };
}

const tokenName = (digest: string): string => `token ${digest}`;
const subjectName = (subject: string): string => `subject ${subject}`;
