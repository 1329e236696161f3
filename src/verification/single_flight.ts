/**
 * One question for all who wait for its answer.
 *
 * @module
 */

import { IntrospectionError } from "../oauth/errors.ts";
import type { Answer } from "../oauth/facts.ts";

/** What was found out, and how those learnt it who asked for it. */
export type Found = Omit<Answer, "askedAt">;

/** The questions under way. */
export interface Flights {
  /**
   * Waits for the question under way about `key`, or asks. A failure is shared by those who waited
   * for it and kept for nobody else. Rejects as the question does, or with `closed`.
   */
  join(key: string, ask: () => Promise<Answer>): Promise<Found>;
  /** Has nobody join the question about a key any more: who comes from now on asks anew. */
  part(key: string): void;
  /** The same for all. */
  partAll(): void;
  /** Asks no more from now on, and settles when the questions under way have ended. */
  close(): Promise<void>;
}

/**
 * Creates an empty set of questions.
 *
 * @returns The set.
 */
export function createFlights(): Flights {
  /** Those that may be joined. */
  const flights = new Map<string, Promise<Answer>>();
  const underWay = new Set<Promise<Answer>>();
  let closed = false;
  return {
    async join(key: string, ask: () => Promise<Answer>): Promise<Found> {
      const joined = flights.get(key);
      if (joined !== undefined) return { facts: (await joined).facts, source: "flight" };
      if (closed) throw new IntrospectionError("closed");
      const flight = ask().finally(() => {
        underWay.delete(flight);
        if (flights.get(key) === flight) flights.delete(key);
      });
      underWay.add(flight);
      flights.set(key, flight);
      return await flight;
    },
    part(key: string): void {
      flights.delete(key);
    },
    partAll(): void {
      flights.clear();
    },
    async close(): Promise<void> {
      closed = true;
      await Promise.allSettled(underWay);
    },
  };
}
