/**
 * Notices a function that creates a listener, and was handed over itself.
 *
 * @module
 */

import { BrokenRule } from "../../lib/broken_rule.ts";

/**
 * Refuses an event as the first argument, which `onEvent: consoleEvents` hands in. No request fails
 * because of its listener, so a user would not see the error: it is printed too.
 *
 * @param argument The first argument that the function received.
 * @param name The function's name.
 * @param call How it has to be called.
 * @param loss The consequence, such as `No event is printed`.
 * @throws {BrokenRule} The argument is an event.
 */
export function requireCall(argument: unknown, name: string, call: string, loss: string): void {
  if (typeof argument !== "object" || argument === null || !("occurredAt" in argument)) return;
  const rule = `${call}, with parentheses`;
  writeToConsole(`${loss}: onEvent must be ${rule}`);
  throw new BrokenRule("onEvent", rule, `${name} itself`);
}

/** Not `process.stderr.write`: on Node a closed pipe would then end the process. */
export function writeToConsole(line: string): void {
  // deno-lint-ignore no-console -- printing is what the option onEvent was set for
  console.error(line);
}
