import assert from "node:assert/strict";
import { test } from "node:test";
import type { IntrospectionErrorReason } from "../../src/oauth/refusal_sentences.ts";
import {
  buildBasicCredentials,
  buildIntrospectionRequest,
  MAX_RESPONSE_BYTES,
  processIntrospectionResponse,
} from "../../src/oauth/introspection.ts";
import { ACTIVE, json, NOW } from "../support/harness.ts";

// G27: raw UTF-8, not form-encoded first
test("buildBasicCredentials() encodes the raw id and secret", () => {
  assert.equal(
    buildBasicCredentials({
      introspectionClientId: "cid",
      introspectionClientSecret: "sec:ret/%+\u00e9",
    }),
    "Basic Y2lkOnNlYzpyZXQvJSvDqQ==",
  );
});

// RFC 7662 §2.1; P25 to P27
test("buildIntrospectionRequest() posts the token as a form and follows no redirect", () => {
  assert.deepEqual(buildIntrospectionRequest("Basic abc", "a+b/c=&x=1"), {
    method: "POST",
    headers: {
      "Authorization": "Basic abc",
      "Accept": "application/json",
      "Content-Type": "application/x-www-form-urlencoded",
    },
    body: "token=a%2Bb%2Fc%3D%26x%3D1&token_type_hint=access_token",
    redirect: "manual",
  });
});

test("processIntrospectionResponse() reads facts whatever the media type", async () => {
  const text = new Response(JSON.stringify(ACTIVE), { headers: { "Content-Type": "text/html" } });
  const facts = await processIntrospectionResponse(text, NOW);
  assert(facts.active);
  assert.equal(facts.subject, "user-1");
});

test("processIntrospectionResponse() reads a body of the greatest length", async () => {
  const rest = MAX_RESPONSE_BYTES - '{"active":false,"a":""}'.length;
  const body = `{"active":false,"a":"${"x".repeat(rest)}"}`;
  assert.deepEqual(await processIntrospectionResponse(new Response(body), NOW), { active: false });
});

// G17 to G20
const FAILED: [when: string, response: () => Response, reason: IntrospectionErrorReason][] = [
  ...[429, 500, 502, 503, 504].map((status): [string, () => Response, IntrospectionErrorReason] => [
    `the status is ${status}`,
    () => json({ active: true }, { status }),
    "unavailable",
  ]),
  ...[400, 401, 403, 404].map((status): [string, () => Response, IntrospectionErrorReason] => [
    `the status is ${status}`,
    () => json({ active: true }, { status }),
    "client_refused",
  ]),
  ...[201, 202, 302, 307, 405, 410].map(
    (status): [string, () => Response, IntrospectionErrorReason] => [
      `the status is ${status}`,
      () => json({ active: true }, { status }),
      "malformed_response",
    ],
  ),
  ["the status is 204", () => new Response(null, { status: 204 }), "malformed_response"],
  ["there is no body", () => new Response(null), "malformed_response"],
  ["it is no JSON", () => new Response("<html></html>"), "malformed_response"],
  [
    "it is longer than may be",
    () => new Response(`{"active":false,"a":"${"x".repeat(MAX_RESPONSE_BYTES)}"}`),
    "malformed_response",
  ],
  [
    "it is no UTF-8",
    () => new Response(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
    "malformed_response",
  ],
];

for (const [when, response, reason] of FAILED) {
  test(`processIntrospectionResponse() finds ${reason} when ${when}`, async () => {
    await assert.rejects(processIntrospectionResponse(response(), NOW), {
      name: "IntrospectionError",
      reason,
    });
  });
}

test("processIntrospectionResponse() refuses a response that was redirected", async () => {
  const response = json(ACTIVE);
  Object.defineProperty(response, "redirected", { value: true });
  await assert.rejects(processIntrospectionResponse(response, NOW), {
    reason: "malformed_response",
  });
});

test("processIntrospectionResponse() cancels a body that it does not read", async () => {
  let cancelled = false;
  const body = new ReadableStream({ cancel: () => void (cancelled = true) });
  await assert.rejects(processIntrospectionResponse(new Response(body, { status: 503 }), NOW));
  assert(cancelled);
});
