import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ACTIVE, createHarness, json, NOW, RESOURCE, SECRET } from "./support.ts";

// Whatever comes from outside, the gate answers with its own words, and lets nobody in by mistake.

const RUNS = { numRuns: 10_000 };
const STATUSES = new Set([200, 400, 401, 403, 500, 503]);

/** A request whose `Authorization` is any text, even one that `Headers` would not take. */
function requestWith(authorization: string): Request {
  const request = new Request(RESOURCE, { method: "POST" });
  const headers = { get: (name: string) => name === "Authorization" ? authorization : null };
  Object.defineProperty(request, "headers", { value: headers });
  return request;
}

const credentials = fc.oneof(
  fc.string({ unit: "binary", maxLength: 64 }),
  fc.string({ unit: "binary", maxLength: 64 }).map((rest) => `Bearer ${rest}`),
  fc.stringMatching(/^[Bb]earer[ \t,]{0,3}[\w\-.~+/=, "]{0,32}$/),
);

test("no Authorization value gets in while PropelAuth calls every token inactive", async () => {
  await fc.assert(
    fc.asyncProperty(credentials, async (value) => {
      const { auth } = createHarness({}, () => json({ active: false }));
      const result = await auth.authenticate(requestWith(value));
      assert(result instanceof Response);
      assert([400, 401].includes(result.status));
      assert.match(result.headers.get("WWW-Authenticate") ?? "", /^Bearer resource_metadata="/);
    }),
    RUNS,
  );
});

/** Values that come near what a member may be. */
const near = fc.oneof(
  fc.constantFrom(
    true,
    false,
    null,
    0,
    1,
    NOW,
    NOW + 1,
    NOW - 1,
    "Bearer",
    "bearer",
    "refresh_token",
    "read",
    "read write",
    RESOURCE,
    `${RESOURCE}/`,
    [RESOURCE, "https://a.example"],
    [],
    ["read"],
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Mostly what an accepted response has, else anything, else nothing. */
const member = (name: string) =>
  fc.oneof(
    { arbitrary: fc.constant(ACTIVE[name]), weight: 4 },
    { arbitrary: near, weight: 2 },
    { arbitrary: fc.constant(undefined), weight: 1 },
  );
const members = ["active", "exp", "nbf", "iat", "aud", "resource", "scope", "token_type", "sub"];

const responses = fc.oneof(
  { arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)), weight: 1 },
  { arbitrary: fc.string({ unit: "binary", maxLength: 200 }), weight: 1 },
  {
    arbitrary: fc.tuple(...members.map(member)).map((values) =>
      JSON.stringify({
        ...Object.fromEntries(members.map((name, index) => [name, values[index]])),
        secret: "of-upstream",
      })
    ),
    weight: 8,
  },
);

/** The rules of judgement again, as plainly as they can be said. */
function mayPass(text: string): boolean {
  const { active, exp, nbf, iat, aud, resource, scope, token_type } = JSON.parse(text) ?? {};
  const ours = (value: unknown) => value === RESOURCE || value === `${RESOURCE}/`;
  const isTime = (value: unknown) => value == null || typeof value === "number";
  const isList = (value: unknown) =>
    value == null || [value].flat().every((member) => typeof member === "string");
  return active === true && isTime(exp) && isTime(nbf) && isTime(iat) &&
    isList(aud) && isList(resource) && isList(scope) &&
    (exp == null || exp > NOW) && (nbf == null || nbf <= NOW) &&
    (token_type == null || /^(bearer|access_token)$/i.test(token_type)) &&
    [aud ?? resource].flat().some(ours) &&
    [scope].flat().join(" ").split(/\s+/).includes("read");
}

test("no introspection response lets a token in that the rules refuse, or keeps one out", async () => {
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(responses, async (text) => {
      const { auth } = createHarness({ requiredScopes: ["read"] }, () => new Response(text));
      const result = await auth.authenticate(requestWith("Bearer token-1"));
      let expected = false;
      try {
        expected = mayPass(text);
      } catch {
        // What the plain rules cannot even read is no answer.
      }
      assert.equal(!(result instanceof Response), expected, text);
      if (!(result instanceof Response)) return void passed++;
      assert(STATUSES.has(result.status));
      const sent = `${await result.text()}${JSON.stringify([...result.headers])}`;
      for (const secret of ["token-1", SECRET, "of-upstream"]) assert(!sent.includes(secret));
    }),
    RUNS,
  );
  assert(passed > 100, `only ${passed} of the responses were good ones`);
});

test("no HTTP status but 200 lets a token in", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 201, max: 599 }), async (status) => {
      const empty = [204, 205, 304].includes(status);
      const body = empty ? null : JSON.stringify(ACTIVE);
      const { auth } = createHarness({}, () => new Response(body, { status }));
      const result = await auth.authenticate(requestWith("Bearer token-1"));
      assert(result instanceof Response);
      assert([500, 503].includes(result.status));
      assert.equal(result.headers.get("WWW-Authenticate"), null);
    }),
    { numRuns: 400 },
  );
});
