/**
 * Spans of one HTTP request that have ended before it is known which call they belong to: the token is
 * verified before the body is read.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { OtelContext } from "./api.ts";

/** Creates a span; without a context, as a child of the span that was active when it ended. */
type CreateSpan = (parent: OtelContext | undefined) => void;

/** The spans of one HTTP request. */
interface RequestSpans {
  /** Creates the span now if it is known to which call it belongs, else in {@linkcode settle}. */
  add(create: CreateSpan): void;
  /** Creates the waiting spans and all later ones in a call's context; only the first call counts. */
  settle(call: OtelContext | undefined): void;
}

/**
 * The spans of the request under way. Shared by `otelEvents()`, which knows the verifications, and
 * `otelCalls()`, which knows the calls.
 */
export const requestSpans: AsyncLocalStorage<RequestSpans> = new AsyncLocalStorage();

/** Creates an empty list of spans. */
export function createRequestSpans(): RequestSpans {
  let waiting: CreateSpan[] | undefined = [];
  let context: OtelContext | undefined;
  return {
    add(create) {
      if (waiting === undefined) create(context);
      else waiting.push(create);
    },
    settle(call) {
      if (waiting === undefined) return;
      const all = waiting;
      waiting = undefined;
      context = call;
      for (const create of all) {
        try {
          create(context);
        } catch {
          // No caller could catch the error of a span processor: after a request it would end the process.
        }
      }
    },
  };
}
