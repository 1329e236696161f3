/**
 * Collects the checks of a diagnosis, and reports each as it is made.
 *
 * @module
 */

import { type Check, type CheckId, CHECKS, type Outcome, skipped } from "./report.ts";
import type { Words } from "./show.ts";

/** Collects checks. */
export interface Recorder {
  readonly checks: readonly Check[];
  /** Reports that a check begins which takes time. */
  start(id: CheckId): void;
  /** Keeps the outcome of a check. */
  record(id: CheckId, outcome: Outcome): void;
  /** Keeps checks that cannot be made. */
  skip(ids: readonly CheckId[], why: string): void;
  /** Waits for listeners that are asynchronous; rejects with the error of one. */
  end(): Promise<void>;
}

interface Listeners {
  readonly onStart?: ((title: string) => void) | undefined;
  readonly onCheck?: ((check: Check) => void) | undefined;
}

/**
 * Creates a recorder.
 *
 * @param listeners Called as checks begin and end; an error that they throw ends the diagnosis, and one
 * that they reject with fails it at its end.
 * @param print Makes text of sentences: bounded, printable and without secrets.
 * @returns The recorder.
 */
export function createRecorder(
  { onStart, onCheck }: Listeners,
  print: (words: Words) => string,
): Recorder {
  const checks: Check[] = [];
  const answers: Promise<unknown>[] = [];

  function follow(returned: unknown): void {
    if (!(returned instanceof Promise)) return;
    // Handled now, or its rejection would end the process before the diagnosis ends.
    returned.catch(() => {});
    answers.push(returned);
  }

  function record(id: CheckId, { status, seen, remedy }: Outcome): void {
    const [group, title] = CHECKS[id];
    const more = remedy === undefined ? {} : { remedy: print(remedy) };
    const check: Check = Object.freeze({ id, group, title, status, seen: print(seen), ...more });
    checks.push(check);
    follow(onCheck?.(check));
  }

  return {
    checks,
    start: (id) => follow(onStart?.(CHECKS[id][1])),
    record,
    skip: (ids, why) => ids.forEach((id) => record(id, skipped(why))),
    end: async () => void await Promise.all(answers),
  };
}
