/**
 * Turns what the parts tell into events for a listener. Pure: the clock is an argument.
 *
 * @module
 */

import { messageOf } from "./messages.ts";
import type { Emit, EventListener } from "./events.ts";

/**
 * Creates what the parts tell events with.
 *
 * @param listener The option `onEvent`.
 * @param now The clock, in seconds since 1970.
 * @returns A function that never throws, or `undefined` when nobody listens.
 */
export function createEmit(listener: EventListener | undefined, now: () => number): Emit {
  if (listener === undefined) return undefined;
  return (facts) => {
    try {
      const event = { ...facts, message: messageOf(facts), occurredAt: now() };
      const returned: unknown = listener(Object.freeze(event));
      if (returned instanceof Promise) returned.catch(() => {});
    } catch {
      // A listener's fault is not the caller's.
    }
  };
}
