/**
 * A deadline over one whole exchange with the authorization server.
 *
 * @module
 */

import type { World } from "./world.ts";

/** A deadline passed before the exchange was complete. */
export class DeadlineError extends Error {
  /** Always `"DeadlineError"`. */
  override readonly name = "DeadlineError";
}

/**
 * Runs an exchange under one deadline, reading the body included.
 *
 * Holds even when `run` ignores its signal, as a custom `fetch` may.
 *
 * @param world Gives the timer.
 * @param seconds How long the exchange may take.
 * @param run The exchange; the signal is aborted when the deadline passes.
 * @returns What `run` gave.
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
      // First the reason, then the abort, or the abort's own error would win the race.
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
