/**
 * What is found out about a token, and how it is asked for. Types alone.
 *
 * @module
 */

import type { FactsSource } from "../events/events.ts";
import type { IntrospectionFacts } from "./facts.ts";

/** What is known of a token, since when, and from where. */
export interface Answer {
  readonly facts: IntrospectionFacts;
  /** When the question was asked, in seconds since 1970: a revocation since then is not in it. */
  readonly askedAt: number;
  readonly source: FactsSource;
}

/**
 * Finds out about a token that is not known here.
 *
 * @param token The access token.
 * @param digest Its SHA-256 in hex.
 * @returns The answer.
 * @throws {IntrospectionError} Any reason: there is none.
 */
export type Lookup = (token: string, digest: string) => Promise<Answer>;
