/**
 * What the library needs of the world. `create_propel_auth.ts` alone gives the real one.
 *
 * @module
 */

/** How the introspection request is sent: `fetch`, or a function that is called like it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The clock and the network, as arguments. */
export interface World {
  /** Sends a request. */
  readonly fetch: Fetch;
  /** Seconds since 1970-01-01, with fractions. */
  readonly now: () => number;
  /** Calls back once after `seconds`, unless the returned function is called before. */
  readonly startTimer: (seconds: number, onEnd: () => void) => () => void;
}
