/**
 * The real clock, timers and network. The only file that names `Date.now`, `setTimeout` and the
 * global `fetch`.
 *
 * @module
 */

import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import { isObject } from "./lib/json.ts";
import type { World } from "./lib/world.ts";

/** Timers of runtimes count in 32 bits; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Cloudflare Workers with a compatibility date before 2024-10-14 run the code that waits for a
 * promise in the request that settles it, where it may neither send nor wait for anything.
 */
function mayWakeOthers(): boolean {
  const cloudflare: unknown = Reflect.get(globalThis, "Cloudflare");
  const flags = isObject(cloudflare) ? cloudflare["compatibilityFlags"] : undefined;
  return !isObject(flags) || flags["handle_cross_request_promise_resolution"] !== false;
}

/** The clock, the timers and the network of this runtime. A timer does not keep the process alive. */
export const REAL_WORLD: World = {
  // Looked up at each call, so that a global `fetch` that a program replaces later is used.
  fetch: (url, init) => globalThis.fetch(url, init),
  now: () => Date.now() / 1000,
  startTimer(seconds, onEnd) {
    const endsAt = performance.now() + seconds * 1000;
    const wait = (ms: number) => setTimeout(tick, Math.min(ms, MAX_TIMER_MS)).unref();
    let timer = wait(seconds * 1000);
    function tick(): void {
      const left = endsAt - performance.now();
      if (left > 0) timer = wait(left);
      else onEnd();
    }
    return () => clearTimeout(timer);
  },
  wakesOthers: mayWakeOthers(),
};

/**
 * Keeps the process alive, since a timer of {@linkcode REAL_WORLD} does not; returns a function that
 * lets it end.
 */
export function keepAlive(): () => void {
  const timer = setInterval(() => {}, MAX_TIMER_MS);
  return () => clearInterval(timer);
}
