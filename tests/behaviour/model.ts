/**
 * The reference model: what may let a token in.
 *
 * An admission by an instance needs an active answer of PropelAuth that
 *
 * - is to a question that is younger than the instance's `cacheTtlSeconds`, with the source `stale`
 *   than its `staleIfErrorSeconds`, or was answered just now; the token has not expired;
 * - is to a question that was sent after each order to forget the token or its user that the
 *   instance was given, and after each time that it refused the token as inactive;
 * - is to a question that was sent after the same of each other instance that shares its cache, once
 *   {@linkcode ORDER_SECONDS} have passed, unless the shared cache failed since.
 *
 * @module
 */

/** An instance looks for orders once a second; the rest is what calls of the cache may take. */
const ORDER_SECONDS = 1 + 0.6;
/** A cache that was found lost counts as lost for 5 seconds in an instance that is not in use. */
const RECOVERY_SECONDS = 5 + 1;
/** The seconds that calls of the cache may take between PropelAuth's answer and an admission by it. */
const ANSWERED_JUST_NOW_SECONDS = 1;

/** The users of the tokens. */
export const USERS: Readonly<Record<string, string>> = { a: "user-1", b: "user-1", c: "user-2" };

/** A question that was sent to PropelAuth. Times are seconds since 1970. */
export interface Question {
  readonly seq: number;
  readonly token: string;
  readonly sentAt: number;
  isActive: boolean;
  /** Infinity: not answered yet, or never. */
  answeredAt: number;
}

/** An order to forget, or an answer that a token is inactive, as an instance gave it. */
export interface Order {
  seq: number;
  readonly instance: number;
  readonly concerns: (token: string) => boolean;
  readonly givenAt: number;
  /** When the others were told; Infinity: they could not be. */
  toldAt: number;
}

/** An admission. */
export interface Admission {
  readonly instance: number;
  readonly token: string;
  readonly source: string;
  readonly at: number;
}

/** The state of an instance. */
export interface Lives {
  readonly cacheTtlSeconds: number;
  readonly staleIfErrorSeconds: number;
  /** By how many seconds its clock is ahead. */
  readonly skew: number;
}

/** Everything that has happened in a history. */
export interface Past {
  readonly questions: readonly Question[];
  readonly orders: readonly Order[];
  readonly instances: readonly Lives[];
  /** When each token expires. */
  readonly exp: number;
  /** When the shared cache last failed or lost its memory; Infinity: it does now. */
  readonly troubledUntil: number;
}

/**
 * Tells whether a token may be let in.
 *
 * @param past Everything that has happened.
 * @param admission Which instance lets which token in, and by which source.
 * @returns Whether the model has a reason for it.
 */
export function mayAdmit(past: Past, { instance, token, source, at }: Admission): boolean {
  const lives = past.instances[instance];
  if (lives === undefined || at >= past.exp + Math.abs(lives.skew)) return false;
  const isInForce = (order: Order) =>
    order.instance === instance || at > order.toldAt + ORDER_SECONDS &&
      order.givenAt > past.troubledUntil + RECOVERY_SECONDS;
  const newest = Math.max(
    0,
    ...past.orders.filter((order) => order.concerns(token) && isInForce(order))
      .map(({ seq }) => seq),
  );
  const clocks = past.instances.map(({ skew }) => skew);
  const ttl = source === "stale" ? lives.staleIfErrorSeconds : lives.cacheTtlSeconds;
  const limit = ttl + Math.max(...clocks) - Math.min(...clocks);
  const isNow = source === "introspection" || source === "flight";
  return past.questions.some((question) =>
    question.token === token && question.isActive && question.answeredAt <= at &&
    question.seq > newest &&
    (at - question.sentAt < limit || isNow && at - question.answeredAt < ANSWERED_JUST_NOW_SECONDS)
  );
}
