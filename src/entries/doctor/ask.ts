/**
 * One request under a deadline, and the reply or the fault in which it ends.
 *
 * @module
 */

import { discard, readText } from "../../lib/body.ts";
import { DeadlineError, withDeadline, type World } from "../../lib/world.ts";

/** The longest body that is read, unless the question says otherwise: 64 KiB. */
const MAX_BODY_BYTES = 64 * 1024;

/** The clock, the network, and the deadline of every exchange. */
export interface Network {
  readonly world: World;
  readonly timeoutSeconds: number;
}

/** A request; its body is read only where it is wanted. */
export type Question = RequestInit & {
  wantBody?: boolean;
  /** By default 64 KiB. */
  maxBodyBytes?: number;
};

/** The answer to a request. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The body; `undefined` when it was not wanted, is too long or is not UTF-8. */
  readonly text: string | undefined;
  /** The seconds from the request to the head of the answer. */
  readonly seconds: number;
  /** How far the other clock is ahead of this one; `undefined` without a `Date` header. */
  readonly clockAheadSeconds: number | undefined;
}

/** Why a request got no reply. */
export interface Fault {
  readonly url: string;
  readonly timeoutSeconds: number;
  readonly reason: "timeout" | "name" | "refused" | "tls" | "permission" | "network";
  /** The runtime's own message: a value from outside. */
  readonly detail: string;
}

/**
 * Sends a request and has the response read, all under one deadline. Never throws.
 *
 * @param network The clock, the network and the deadline.
 * @param url The address.
 * @param init The request.
 * @param read Reads the response.
 * @returns The result of `read`, or the fault in its place.
 */
export async function exchange<T>(
  { world, timeoutSeconds }: Network,
  url: string,
  init: RequestInit,
  read: (response: Response) => Promise<T>,
): Promise<T | Fault> {
  try {
    return await withDeadline(
      world,
      timeoutSeconds,
      async (signal) => await read(await world.fetch(url, { ...init, signal })),
    );
  } catch (error) {
    return { url, timeoutSeconds, ...faultOf(error) };
  }
}

/**
 * Sends a request. Redirects are not followed. Never throws.
 *
 * @param network The clock, the network and the deadline.
 * @param url The address.
 * @param question The request. The body of a 403 is read in any case: it shows who refused.
 * @returns The reply, or the fault in its place.
 */
export async function ask(
  network: Network,
  url: string,
  { wantBody = false, maxBodyBytes = MAX_BODY_BYTES, ...init }: Question = {},
): Promise<Reply | Fault> {
  const { now } = network.world;
  const sentAt = now();
  return await exchange(network, url, { ...init, redirect: "manual" }, async (response) => {
    const receivedAt = now();
    const { status, headers } = response;
    const wanted = wantBody || status === 403;
    const text = wanted ? await readText(response, maxBodyBytes) : undefined;
    if (!wanted) discard(response);
    const clockAheadSeconds = readClock(headers.get("Date"), sentAt, receivedAt);
    return { status, headers, text, seconds: receivedAt - sentAt, clockAheadSeconds };
  });
}

/** Tells a reply from a fault. */
export function isReply(outcome: Reply | Fault): outcome is Reply {
  return "status" in outcome;
}

/** The header counts whole seconds and was written at some time between request and answer. */
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
 * Finds the reason and the innermost message in an error of `fetch`; each runtime words it
 * differently.
 */
export function faultOf(error: unknown): Pick<Fault, "reason" | "detail"> {
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
