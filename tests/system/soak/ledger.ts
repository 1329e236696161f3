/**
 * Knows of each token what has to be answered when, and keeps account of what was.
 *
 * The windows in which an answer may be the one or the other:
 *
 * - after a revocation `cacheTtlSeconds`; when the instances were told, the second in which they
 *   find out and the deadline of their look, unless Redis was away in that time, or had only just
 *   come back
 * - around the whole second in which a token expires
 * - an outage of PropelAuth, and the pause of the breaker after it: 503 instead of an answer. No
 *   such token may pass that may not pass otherwise.
 *
 * Losing Redis is no other window: no token may be refused for it.
 *
 * @module
 */

/** A token, its owner and its end. Times are seconds since 1970. */
export interface Known {
  readonly token: string;
  readonly subject: string;
  /** Up to then it has not expired. */
  readonly livesUntil: number;
  /** From then on it has. */
  readonly deadFrom: number;
  /** When its revocation began. */
  revokingFrom?: number;
  /** When it was complete. */
  revokedAt?: number;
  /** When an instance had passed on the order to forget it. */
  toldAt?: number;
}

/** A call that was answered as it must not be. */
type Wrong = string;

/** Instances look once a second, and for a quarter of one at most; the rest is the machine's. */
const FORGET_SECONDS = 1 + 0.25 + 0.5;
const MARGIN_SECONDS = 0.25;
/** The breaker's pause, and a probe. */
const AFTER_OUTAGE_SECONDS = 5 + 1;

/** A client comes back within a second, and the instance tries it a second later at the latest. */
const AFTER_REDIS_SECONDS = 1 + 1 + MARGIN_SECONDS;

async function during(times: { from: number; until: number }[], run: () => Promise<void>) {
  const time = { from: Date.now() / 1000, until: Infinity };
  times.push(time);
  await run();
  time.until = Date.now() / 1000;
}

/** Creates an empty ledger. */
export function createLedger(cacheTtlSeconds: number) {
  const known: Known[] = [];
  const outages: { from: number; until: number }[] = [];
  const redisLosses: { from: number; until: number }[] = [];
  const presented = new Set<string>();
  const statuses: Record<string, number> = {};
  const latencies: number[] = [];
  const wrong = { admissions: [] as Wrong[], refusals: [] as Wrong[] };
  let revoked = 0;
  let told = 0;

  /** From when on a revoked token must not pass. */
  function refusedFrom({ revokedAt, toldAt }: Known): number {
    if (revokedAt === undefined) return Infinity;
    const atLatest = revokedAt + cacheTtlSeconds + MARGIN_SECONDS;
    if (toldAt === undefined) return atLatest;
    const missed = redisLosses.some(({ from, until }) =>
      toldAt < until + AFTER_REDIS_SECONDS && toldAt + FORGET_SECONDS > from
    );
    return missed ? atLatest : Math.min(atLatest, toldAt + FORGET_SECONDS);
  }

  function mustBeRefused(token: Known | undefined, begun: number): boolean {
    if (token === undefined) return true;
    return begun > Math.min(token.deadFrom + MARGIN_SECONDS, refusedFrom(token));
  }

  function mustPass(token: Known | undefined, begun: number, ended: number): boolean {
    if (token === undefined) return false;
    const until = Math.min(token.livesUntil, token.revokingFrom ?? Infinity);
    return ended < until &&
      !outages.some(({ from, until }) => ended > from && begun < until + AFTER_OUTAGE_SECONDS);
  }

  return {
    get size(): number {
      return known.length;
    },
    get revoked(): number {
      return revoked;
    },
    get told(): number {
      return told;
    },
    add: (token: Known): void => void known.push(token),
    pick: (): Known | undefined => known[Math.floor(Math.random() * known.length)],
    /** Lets go of tokens that have been dead for long enough to be seen refused. */
    retire(now: number): void {
      for (let i = known.length - 1; i >= 0; i--) {
        const token = known[i];
        if (token === undefined || !mustBeRefused(token, now - 3)) continue;
        if (token.revokedAt !== undefined) revoked++;
        if (token.toldAt !== undefined) told++;
        known.splice(i, 1);
      }
    },
    /** Runs what Redis is away for. */
    withoutRedis: (run: () => Promise<void>): Promise<void> => during(redisLosses, run),
    /** Runs an outage of PropelAuth. */
    outage: (run: () => Promise<void>): Promise<void> => during(outages, run),
    enter(token: Known | undefined, begun: number, ended: number, status: number): void {
      presented.add(token?.token ?? `unknown ${begun} ${Math.random()}`);
      statuses[status] = (statuses[status] ?? 0) + 1;
      latencies.push((ended - begun) * 1000);
      const what = () =>
        `${status} from ${begun} to ${ended}: ${
          JSON.stringify({ ...token, token: undefined, subject: undefined })
        }`;
      if (status === 200 && mustBeRefused(token, begun)) wrong.admissions.push(what());
      if (status !== 200 && mustPass(token, begun, ended)) wrong.refusals.push(what());
      // A token that nobody may have is never answered as an outage of this server's making.
      if (status !== 200 && status !== 401 && status !== 503) wrong.refusals.push(what());
    },
    /** The account. */
    close() {
      for (const { revokedAt, toldAt } of known) {
        if (revokedAt !== undefined) revoked++;
        if (toldAt !== undefined) told++;
      }
      const calls = latencies.length;
      latencies.sort((a, b) => a - b);
      return { calls, tokens: presented.size, statuses, wrong, latencies };
    },
  };
}
