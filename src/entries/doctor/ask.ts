/**
 * One request under a deadline, and what became of it.
 *
 * @module
 */

import { discard, readText } from "../../lib/body.ts";
import { DeadlineError, withDeadline, type World } from "../../lib/world.ts";
import { failed, type Verdict } from "./report.ts";
import type { Show } from "./show.ts";

/** The longest body that is read: 64 KiB. */
const MAX_BODY_BYTES = 64 * 1024;

/** An answer to a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body; `undefined` when nobody wanted it, or it is too long or not UTF-8. */
  readonly text: string | undefined;
  /** How long it took. */
  readonly seconds: number;
  /** How far the clock there is ahead of this one; `undefined` when no `Date` came. */
  readonly clockAheadSeconds: number | undefined;
}

/** Why there is no answer. */
export interface Fault {
  readonly reason: "timeout" | "name" | "refused" | "tls" | "permission" | "network";
  /** The network's own words, not yet fit to be shown. */
  readonly detail: string;
}

/** Sends requests, all under the same deadline. */
export type Ask = (url: string, init?: RequestInit & { wantBody?: boolean }) => Promise<
  Answer | Fault
>;

/**
 * Creates what sends requests. Redirects are not followed.
 *
 * @param world The clock and the network.
 * @param timeoutSeconds How long one exchange may take, the body included.
 * @returns A function that never throws.
 */
export function createAsk(world: World, timeoutSeconds: number): Ask {
  return async (url, { wantBody = false, ...init } = {}) => {
    const sentAt = world.now();
    try {
      return await withDeadline(world, timeoutSeconds, async (signal) => {
        const response = await world.fetch(url, { ...init, redirect: "manual", signal });
        const receivedAt = world.now();
        const { status, headers } = response;
        const text = wantBody ? await readText(response, MAX_BODY_BYTES) : undefined;
        if (!wantBody) discard(response);
        const clockAheadSeconds = readClock(headers.get("Date"), sentAt, receivedAt);
        return { status, headers, text, seconds: receivedAt - sentAt, clockAheadSeconds };
      });
    } catch (error) {
      return faultOf(error);
    }
  };
}

/**
 * Tells an answer from a fault.
 *
 * @param outcome What became of a request.
 * @returns Whether there is an answer.
 */
export function isAnswer(outcome: Answer | Fault): outcome is Answer {
  return "status" in outcome;
}

/** The field counts whole seconds and was written somewhere between question and answer. */
function readClock(date: string | null, sentAt: number, receivedAt: number): number | undefined {
  const time = Date.parse(date ?? "") / 1000;
  if (!Number.isFinite(time)) return undefined;
  if (time > receivedAt) return time - receivedAt;
  return time + 1 < sentAt ? time + 1 - sentAt : 0;
}

const REASONS: readonly [Fault["reason"], RegExp][] = [
  ["permission", /\b(NotCapable|PermissionDenied)\b/],
  ["name", /\b(ENOTFOUND|EAI_AGAIN)\b|dns error|lookup address/i],
  ["refused", /\bECONNREFUSED\b|connection refused/i],
  ["tls", /certificate|\bCERT_|_CERT\b|SSL|TLS|handshake|InvalidContentType/i],
];

/**
 * Sorts what `fetch` threw; every runtime has its own words for it.
 *
 * @param error Whatever was thrown.
 * @returns The fault.
 */
export function faultOf(error: unknown): Fault {
  if (error instanceof DeadlineError) return { reason: "timeout", detail: "" };
  const words: string[] = [];
  let detail = "";
  let cause = error;
  for (let depth = 0; depth < 5 && cause instanceof Error; depth++, cause = cause.cause) {
    const code = "code" in cause ? String(cause.code) : "";
    words.push(cause.name, code, cause.message);
    detail = cause.message.trim() || code || detail;
  }
  const all = words.join(" ");
  const reason = REASONS.find(([, pattern]) => pattern.test(all))?.[0] ?? "network";
  return { reason, detail };
}

/**
 * Says what a fault means.
 *
 * @param fault Why there is no answer.
 * @param url What was asked.
 * @param advice What to look at when the address itself is wrong.
 * @param timeoutSeconds The deadline.
 * @param show Shows what came from outside.
 * @returns A failed check.
 */
export function judgeFault(
  fault: Fault,
  url: string,
  advice: string,
  timeoutSeconds: number,
  show: Show,
): Verdict {
  const { host, hostname } = new URL(url);
  switch (fault.reason) {
    case "timeout":
      return failed(
        `no answer from ${host} within ${timeoutSeconds} s`,
        "Look at the network: a firewall, a proxy, or a server that hangs.",
      );
    case "name":
      return failed(`the name ${hostname} is not known`, `${advice} Or look at DNS.`);
    case "refused":
      return failed(`nobody listens at ${host}`, advice);
    case "tls":
      return failed(
        `no TLS with ${host}: ${show.value(fault.detail)}`,
        `Its certificate has to be valid for ${hostname} and from an authority that clients ` +
          "know; clients refuse any other.",
      );
    case "permission":
      return failed(
        `this program may not connect to ${host}`,
        "Start it with --allow-net (Deno's permission).",
      );
    case "network":
      return failed(`no answer from ${host}: ${show.value(fault.detail)}`, advice);
  }
}
