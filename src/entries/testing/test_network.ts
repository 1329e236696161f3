/**
 * A PropelAuth that is a function: answers like the real one, or fails as a test wants it to.
 *
 * @module
 */

import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import { describe } from "../../lib/check_option.ts";
import { isObject, parseJson } from "../../lib/json.ts";

/**
 * How PropelAuth fails: `"network"` is a connection that cannot be made, `"malformed"` an answer
 * that makes no sense, a number a status (500 and above and 429 are outages, 401 is wrong
 * introspection credentials, 404 an environment without MCP).
 */
export type TestFailure = "network" | "malformed" | number;

/** Answers that a test holds back. */
export interface HeldAnswers {
  /** Resolves when the first question is there that waits for its answer. */
  readonly asked: Promise<void>;
  /** Lets every answer go that is held back, and holds back no more. */
  release(): void;
}

/** The network of a test. */
export interface TestNetwork {
  /** Called as `fetch` is; `onHeld` learns at once, and later, whether the answer is held back. */
  fetch(url: string, init: RequestInit, onHeld?: (held: boolean) => void): Promise<Response>;
  /** Fails the next `times` questions. */
  fail(failure: TestFailure, times: number): void;
  /** Ends the failure that {@linkcode TestNetwork.fail} began. */
  recover(): void;
  /** Holds answers back from now on. */
  hold(): HeldAnswers;
  /** How often a token was asked about, or any token. */
  countIntrospections(token?: string): number;
}

/** The answers of the network without a fault. */
interface TestAuthorizationServer {
  readonly authUrl: string;
  readonly backendApiKey: string;
  /** The answer about a valid API key. */
  readonly validate: (key: string) => Record<string, unknown> | undefined;
  readonly introspectionEndpoint: string;
  readonly metadataUrl: string;
  /** The `Authorization` field value of the right introspection credentials. */
  readonly basicCredentials: string;
  readonly metadata: Record<string, unknown>;
  readonly introspect: (token: string) => Record<string, unknown>;
}

interface Holding {
  /** The callers that wait for the answers. */
  readonly waiting: ((held: boolean) => void)[];
  readonly released: Promise<void>;
  readonly onAsked: () => void;
}

/** Creates a network that works. */
export function createTestNetwork(server: TestAuthorizationServer): TestNetwork {
  const validateUrl = `${server.authUrl}/api/backend/v1/end_user_api_keys/validate`;
  const asked: string[] = [];
  let failure: TestFailure = "network";
  let failuresLeft = 0;
  let held: Holding | undefined;

  function answer(request: Request, token: string): Response {
    if (failuresLeft > 0) {
      failuresLeft--;
      if (failure === "network") throw new TypeError("the test's network is down");
      if (failure === "malformed") return new Response("<h1>It works!</h1>");
      return new Response(null, { status: failure });
    }
    if (request.url === server.metadataUrl) return Response.json(server.metadata);
    if (request.url === validateUrl) {
      if (request.headers.get("Authorization") !== `Bearer ${server.backendApiKey}`) {
        return new Response(null, { status: 401 });
      }
      const valid = server.validate(token);
      return valid === undefined ? new Response(null, { status: 400 }) : Response.json(valid);
    }
    if (request.url !== server.introspectionEndpoint) return new Response(null, { status: 404 });
    if (request.headers.get("Authorization") !== server.basicCredentials) {
      return new Response(null, { status: 401 });
    }
    return Response.json(server.introspect(token));
  }

  return {
    async fetch(
      url: string,
      init: RequestInit,
      onHeld: (held: boolean) => void = () => {},
    ): Promise<Response> {
      const holding = held;
      onHeld(holding !== undefined);
      holding?.waiting.push(onHeld);
      const request = new Request(url, init);
      const token = readCredential(await request.clone().text());
      if ([server.introspectionEndpoint, validateUrl].includes(request.url)) asked.push(token);
      if (holding !== undefined) {
        holding.onAsked();
        await unlessAborted(request.signal, holding.released);
      }
      return answer(request, token);
    },
    fail(kind: TestFailure, times: number): void {
      refuseAs("Cannot make PropelAuth fail", () => {
        checkFailure(kind);
        // Of NaN no question would fail.
        if (typeof times === "number" && times >= 0) return;
        throw new BrokenRule("times", "a number >= 0", describe(times), "range");
      });
      failure = kind;
      failuresLeft = times;
    },
    recover(): void {
      failuresLeft = 0;
    },
    hold(): HeldAnswers {
      let onAsked = (): void => {};
      let onReleased = (): void => {};
      const holding: Holding = {
        waiting: [],
        released: new Promise<void>((resolve) => onReleased = resolve),
        onAsked: (): void => onAsked(),
      };
      const asked = new Promise<void>((resolve) => onAsked = resolve);
      held = holding;
      return {
        asked,
        release(): void {
          if (held === holding) held = undefined;
          for (const onHeld of holding.waiting) onHeld(false);
          onReleased();
        },
      };
    },
    countIntrospections(token?: string): number {
      return token === undefined ? asked.length : asked.filter((one) => one === token).length;
    },
  };
}

/** The token of an introspection request, or the key of a question about one. */
function readCredential(body: string): string {
  const json = parseJson(body);
  if (isObject(json)) return String(json["api_key_token"]);
  return new URLSearchParams(body).get("token") ?? "";
}

function checkFailure(failure: TestFailure): void {
  if (failure === "network" || failure === "malformed") return;
  if (Number.isInteger(failure) && failure >= 200 && failure <= 599) return;
  const rule = '"network", "malformed" or an HTTP status from 200 to 599';
  throw new BrokenRule("failure", rule, describe(failure));
}

/** As `fetch` does: an aborted request waits no longer. */
async function unlessAborted(signal: AbortSignal, wait: Promise<void>): Promise<void> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    stop = () => signal.removeEventListener("abort", onAbort);
  });
  try {
    await Promise.race([wait, aborted]);
  } finally {
    stop();
  }
}
