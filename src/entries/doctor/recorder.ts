/**
 * Collects checks, and tells of each as it is made.
 *
 * @module
 */

import { type Check, type CheckId, CHECKS, skipped, type Verdict } from "./report.ts";
import type { Show } from "./show.ts";

const MAX_TEXT_LENGTH = 1000;

/** Collects checks. */
export interface Recorder {
  readonly checks: readonly Check[];
  /** Tells that a check begins which takes time. */
  start(id: CheckId): void;
  /** Keeps the outcome of a check. */
  record(id: CheckId, verdict: Verdict): void;
  /** Keeps checks that cannot be made. */
  skip(ids: readonly CheckId[], why: string): void;
}

/** Who listens. */
export interface Listeners {
  readonly onStart?: ((title: string) => void) | undefined;
  readonly onCheck?: ((check: Check) => void) | undefined;
}

/**
 * Creates a recorder. Whatever is recorded is printable, bounded and without secrets from here on.
 *
 * @param listeners Who is told; what they throw ends the diagnosis.
 * @param show Knows the secrets.
 * @returns The recorder.
 */
export function createRecorder({ onStart, onCheck }: Listeners, show: Show): Recorder {
  const checks: Check[] = [];
  const tidy = (text: string): string =>
    show.hide(text).replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_TEXT_LENGTH);

  function record(id: CheckId, { status, seen, remedy }: Verdict): void {
    const [group, title] = CHECKS[id];
    const more = remedy === undefined ? {} : { remedy: tidy(remedy) };
    const check: Check = Object.freeze({ id, group, title, status, seen: tidy(seen), ...more });
    checks.push(check);
    onCheck?.(check);
  }

  return {
    checks,
    start: (id) => onStart?.(CHECKS[id][1]),
    record,
    skip: (ids, why) => ids.forEach((id) => record(id, skipped(why))),
  };
}
