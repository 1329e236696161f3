import assert from "node:assert/strict";
import { test } from "node:test";
import { IntrospectionError } from "../../src/oauth/errors.ts";
import {
  isConnectionLost,
  MAX_RETRY_AFTER_SECONDS,
  mayRetry,
  parseRetryAfter,
} from "../../src/verification/retry.ts";
import { NOW } from "../support/harness.ts";

const fetchFailed = (message: string, code?: string) =>
  new TypeError("fetch failed", {
    cause: Object.assign(new Error(message), code === undefined ? {} : { code }),
  });

// As they were seen: Node 20 and Deno 2.9, against sockets that behave so. tests/behaviour/faults_test.ts has
// the real ones.
const THROWN: [what: string, error: unknown, lost: boolean][] = [
  ["Node, refused", fetchFailed("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED"), true],
  ["Node, reset", fetchFailed("read ECONNRESET", "ECONNRESET"), true],
  ["Node, closed", fetchFailed("other side closed", "UND_ERR_SOCKET"), true],
  [
    "Deno, refused",
    fetchFailed("client error (Connect): tcp connect error: Connection refused (os error 111)"),
    true,
  ],
  ["Deno, reset", fetchFailed("Connection reset by peer (os error 104)"), true],
  [
    "Deno, closed",
    fetchFailed("client error (SendRequest): connection closed before message completed"),
    true,
  ],
  ["Deno, in the body", new TypeError("error reading a body from connection"), true],
  ["Deno's own error", Object.assign(new Error("refused"), { name: "ConnectionRefused" }), true],
  ["no such host on Node", fetchFailed("getaddrinfo ENOTFOUND h.invalid", "ENOTFOUND"), false],
  [
    "no such host on Deno",
    fetchFailed("client error (Connect): dns error: failed to lookup address information"),
    false,
  ],
  ["a bad certificate", fetchFailed("invalid peer certificate: UnknownIssuer"), false],
  [
    "no HTTP",
    fetchFailed("Response does not match the HTTP/1.1 protocol", "HPE_INVALID_CONSTANT"),
    false,
  ],
  ["an abort", new DOMException("The signal has been aborted", "AbortError"), false],
  ["no error", "ECONNREFUSED", false],
  ["nothing", undefined, false],
];

for (const [what, error, lost] of THROWN) {
  test(`isConnectionLost() is ${lost} for ${what}`, () => {
    assert.equal(isConnectionLost(error), lost);
    assert.equal(mayRetry(error), lost);
  });
}

test("isConnectionLost() comes to an end when a cause is its own", () => {
  const error = new Error("round");
  error.cause = error;
  assert.equal(isConnectionLost(error), false);
});

const ANSWERS: [status: number, retryAfterSeconds: number | undefined, retry: boolean][] = [
  [502, undefined, true],
  [503, undefined, true],
  [503, 0, true],
  [503, 5, false],
  [429, undefined, false],
  [500, undefined, false],
  [504, undefined, false],
];

for (const [status, retryAfterSeconds, retry] of ANSWERS) {
  test(`mayRetry() is ${retry} for ${status} with Retry-After ${retryAfterSeconds}`, () => {
    const error = new IntrospectionError("unavailable", { status, retryAfterSeconds });
    assert.equal(mayRetry(error), retry);
  });
}

for (const status of [400, 401, 403, 404]) {
  test(`mayRetry() is false for ${status}`, () => {
    assert.equal(mayRetry(new IntrospectionError("client_refused", { status })), false);
  });
}

/** An HTTP date, so many seconds after the tests' time. */
const date = (seconds: number) => new Date((NOW + seconds) * 1000).toUTCString();

// RFC 9110 §10.2.3
const FIELDS: [fields: Record<string, string>, seconds: number | undefined][] = [
  [{}, undefined],
  [{ "Retry-After": "0" }, 0],
  [{ "Retry-After": "7" }, 7],
  [{ "Retry-After": "86400" }, MAX_RETRY_AFTER_SECONDS],
  [{ "Retry-After": "9".repeat(20) }, MAX_RETRY_AFTER_SECONDS],
  [{ "Retry-After": "9".repeat(400) }, undefined],
  [{ "Retry-After": date(30) }, 30],
  [{ "Retry-After": date(3600) }, MAX_RETRY_AFTER_SECONDS],
  [{ "Retry-After": date(-30) }, 0],
  // A clock that is an hour wrong here.
  [{ "Retry-After": date(3630), "Date": date(3600) }, 30],
  [{ "Retry-After": date(30), "Date": "now" }, 30],
  [{ "Retry-After": "-5" }, undefined],
  [{ "Retry-After": "1.5" }, undefined],
  [{ "Retry-After": "5, 6" }, undefined],
  [{ "Retry-After": "1e3" }, undefined],
  [{ "Retry-After": "soon" }, undefined],
  [{ "Retry-After": "Sun, 99 Nov 2096 08:49:37 GMT" }, undefined],
  [{ "Retry-After": "2096-11-06" }, undefined],
];

for (const [fields, seconds] of FIELDS) {
  test(`parseRetryAfter() is ${seconds} for ${JSON.stringify(fields).slice(0, 90)}`, () => {
    assert.equal(parseRetryAfter(new Headers(fields), NOW), seconds);
  });
}
