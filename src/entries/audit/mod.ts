/**
 * An audit trail of the calls of an MCP server: who called which tool for which organization, when,
 * and how it ended.
 *
 * @example Each call as an event, behind a queue that a writer empties
 * ```ts
 * import assert from "node:assert/strict";
 * import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
 * import { auditLog } from "@x/propelauth-mcp/audit";
 *
 * const lines: string[] = [];
 * const log = auditLog({
 *   write: (events) => void lines.push(...events.map((event) => JSON.stringify(event))),
 * });
 * const propelAuth = createTestPropelAuth({ audit: log });
 * const auth = propelAuth.createPropelAuth();
 * const handler = auth.handler(() => Response.json({ jsonrpc: "2.0", id: 1, result: {} }));
 * await handler(
 *   new Request("https://mcp.example.com/mcp", {
 *     method: "POST",
 *     headers: { Authorization: `Bearer ${propelAuth.token()}` },
 *     body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
 *   }),
 * );
 * await log.close();
 * assert.equal(JSON.parse(lines[0] ?? "").outcome, "ok");
 * ```
 *
 * @module
 */

import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import { describe, requireFunction, requireMembers } from "../../lib/check_option.ts";
import { keepAlive, REAL_WORLD } from "../../real_world.ts";
import type { Audit } from "../../operations/call_audit.ts";
import { type AuditArguments, type CallEvent, createEventBuilder, notify } from "./call_event.ts";
import { type AuditLog, type AuditLogOptions, createAuditLog } from "./log.ts";
import { observeCalls } from "./observe_calls.ts";

export type { Audit } from "../../operations/call_audit.ts";
export type { Operation } from "../../operations/operations.ts";
export type { AuditArguments, CallEvent } from "./call_event.ts";
export type { AuditLog, AuditLogOptions } from "./log.ts";
export type { CallOutcome, CallRefusalReason } from "./observer.ts";
export type { AuditLogCounts, AuditLogProblem } from "./queue.ts";

/** How calls are reported. An unknown option is refused. */
export interface AuditCallsOptions {
  /**
   * Receives each call when it has ended. Called at once, in the middle of the request; an error that
   * it throws, and a promise that it returns, are ignored. For a writer that takes time or may fail, use
   * {@linkcode auditLog}.
   */
  onCall: (event: CallEvent) => void;
  /** Picks the arguments that are recorded. Without it none are. */
  auditArguments?: AuditArguments;
}

/**
 * Creates a value for the option `audit` that hands each call to a function at once.
 *
 * @param options The function.
 * @returns The value.
 * @throws {TypeError} An option is unknown or breaks its rule.
 */
export function auditCalls(options: AuditCallsOptions): Audit {
  const { onCall, auditArguments } = refuseAs("Cannot create auditCalls", () => resolve(options));
  const begin = createEventBuilder((event) => notify(onCall, event), auditArguments);
  return observeCalls({ begin }, {});
}

/**
 * Creates a value for the option `audit` that keeps calls in a bounded queue until `write` has
 * written them.
 *
 * Each call that is let in is written once, in the order in which the calls ended in this process. A
 * process that is killed loses what is in the queue; one that ends after `await log.close()` loses
 * nothing, unless `write` fails or takes too long.
 *
 * @param options The writer and the bounds.
 * @returns The log.
 * @throws {TypeError} An option is unknown or breaks its rule.
 * @throws {RangeError} A number is out of its bounds.
 */
export function auditLog(options: AuditLogOptions): AuditLog {
  return refuseAs(
    "Cannot create auditLog",
    () => createAuditLog(options, { startTimer: REAL_WORLD.startTimer, keepAlive }),
  );
}

function resolve(options: AuditCallsOptions): AuditCallsOptions {
  requireMembers("options", options, ["onCall", "auditArguments"]);
  const { onCall, auditArguments } = options;
  if (typeof onCall !== "function") throw new BrokenRule("onCall", "a function", describe(onCall));
  requireFunction("auditArguments", auditArguments);
  return options;
}
