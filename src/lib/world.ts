/**
 * The clock, the timers and the network that the library uses. `real_world.ts` has the real ones.
 *
 * @module
 */

/** Sends the introspection request: `fetch`, or a function that is called like it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The clock, the timers and the network, as arguments. */
export interface World {
  /** Sends a request. */
  readonly fetch: Fetch;
  /** Seconds since 1970-01-01, with fractions. */
  readonly now: () => number;
  /** Calls back once after `seconds`, unless the returned function is called before. */
  readonly startTimer: (seconds: number, onEnd: () => void) => () => void;
  /**
   * False where a request must not settle a promise that another request created and waits for.
   *
   * @default {true}
   */
  readonly wakesOthers?: boolean;
  /**
   * False where the clock stands still until a test moves it: then no request waits for PropelAuth to
   * come back, since the test would wait for the request.
   *
   * @default {true}
   */
  readonly runs?: boolean;
}

/** The deadline passed before the exchange was complete. */
export class DeadlineError extends Error {
  /** Always `"DeadlineError"`. */
  override readonly name = "DeadlineError";
}

/**
 * Runs an exchange under one deadline, reading the body included.
 *
 * Rejects in time even when `run` ignores its signal, as a custom `fetch` may.
 *
 * @param world Gives the timer.
 * @param seconds How long the exchange may take.
 * @param run The exchange; the signal is aborted when the deadline passes.
 * @returns The result of `run`.
 * @throws {DeadlineError} The deadline passed first. Whatever `run` throws passes through.
 */
export async function withDeadline<T>(
  world: World,
  seconds: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let stopTimer = (): void => {};
  const deadline = new Promise<never>((_, reject) => {
    stopTimer = world.startTimer(seconds, () => {
      // Rejected first, and then aborted: otherwise the abort's own error would win the race.
      reject(new DeadlineError());
      controller.abort();
    });
  });
  try {
    return await Promise.race([run(controller.signal), deadline]);
  } finally {
    stopTimer();
  }
}
