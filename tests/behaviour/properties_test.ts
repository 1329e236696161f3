import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PropelAuthEvent, PropelAuthOptions } from "@x/propelauth-mcp";
import { BREAKER_PAUSE_SECONDS, TOKEN_FAILURES } from "../../src/verification/breaker.ts";
import { ANY_CHARACTER } from "../support/any_character.ts";
import { RUNS } from "../support/fuzz_runs.ts";
import {
  ACTIVE,
  type Answer,
  createHarness,
  json,
  NOW,
  OPTIONS,
  passGate,
  RESOURCE,
  SECRET,
} from "../support/harness.ts";

// Whatever comes from outside, the gate answers with its own words, and lets nobody in by mistake.

const TOKEN = "pa_Zq7LiveToken";
const UPSTREAM = "of-upstream";

/** A request whose `Authorization` is any text, even one that `Headers` would not take. */
function requestWith(authorization: string): Request {
  const request = new Request(RESOURCE, { method: "POST" });
  const headers = { get: (name: string) => name === "Authorization" ? authorization : null };
  Object.defineProperty(request, "headers", { value: headers });
  return request;
}

/** Checks the gate's answer, and that neither it nor an event has a secret in it. */
async function ask(options: Partial<PropelAuthOptions>, answer: Answer, authorization: string) {
  const events: PropelAuthEvent[] = [];
  const { auth } = createHarness({ ...options, onEvent: (event) => events.push(event) }, answer);
  const result = await passGate(auth, requestWith(authorization));
  if (!(result instanceof Response)) return result;
  const { status, headers } = result;
  const challenged = headers.has("WWW-Authenticate");
  assert([400, 401, 403, 500, 503].includes(status), `the status is ${status}`);
  assert.equal(challenged, status < 500);
  const retryAfter = Number(headers.get("Retry-After"));
  assert(status === 503 ? retryAfter >= 1 && retryAfter <= 60 : retryAfter === 0);
  const said = `${await result.text()}${JSON.stringify([...headers])}${JSON.stringify(events)}`;
  for (
    const secret of [TOKEN, SECRET, btoa(`${OPTIONS.introspectionClientId}:${SECRET}`), UPSTREAM]
  ) {
    assert(!said.includes(secret), said);
  }
  return result;
}

const credentials = fc.oneof(
  fc.constantFrom(`Bearer ${TOKEN}`, ` bearer  ${TOKEN} `, `Bearer ${TOKEN}=`, `Bearer ${TOKEN} a`),
  fc.string({ unit: ANY_CHARACTER, maxLength: 64 }),
  fc.string({ unit: ANY_CHARACTER, maxLength: 64 }).map((rest) => `Bearer ${rest}`),
  fc.stringMatching(/^[Bb]earer[ \t,]{0,3}[\w\-.~+/=, "]{0,32}$/),
  // Good tokens too, so that the property does not hold because nothing ever passes.
  fc.tuple(
    fc.constantFrom("Bearer ", "bearer  ", " BEARER   "),
    fc.constantFrom("", " ", "\t"),
  ).map((around) => around.join(TOKEN)),
  // The live token, with something before, within and behind.
  fc.tuple(
    fc.constantFrom(
      "Bearer ",
      "bearer  ",
      "BEARER ",
      "Bearer\t",
      "DPoP ",
      "Bearer",
      " Bearer ",
      "",
    ),
    fc.string({ unit: ANY_CHARACTER, maxLength: 2 }),
    fc.nat(TOKEN.length),
    fc.string({ unit: ANY_CHARACTER, maxLength: 2 }),
    fc.constantFrom("", "", " ", ",", "=", "\u0000", ` ${TOKEN}`, `, Bearer ${TOKEN}`),
  ).map(([scheme, before, at, within, behind]) =>
    `${scheme}${before}${TOKEN.slice(0, at)}${within}${TOKEN.slice(at)}${behind}`
  ),
);

test("no Authorization value gets in but a Bearer with a token that PropelAuth calls active", async () => {
  let passed = 0;
  const answer: Answer = (token) => json(token === TOKEN ? ACTIVE : { active: false });
  await fc.assert(
    fc.asyncProperty(credentials, async (value) => {
      const result = await ask({}, answer, value);
      if (result instanceof Response) return;
      passed++;
      assert.match(value, new RegExp(`^[ \\t]*bearer +${TOKEN}[ \\t]*$`, "i"));
    }),
    RUNS,
  );
  assert(passed > 10, `only ${passed} of the values were good ones`);
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

const objects = fc.tuple(...members.map(member)).map((values) => ({
  ...Object.fromEntries(members.map((name, index) => [name, values[index]])),
  secret: UPSTREAM,
}));

const responses = fc.oneof(
  { arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)), weight: 1 },
  { arbitrary: fc.string({ unit: ANY_CHARACTER, maxLength: 200 }), weight: 1 },
  { arbitrary: objects.map((value) => JSON.stringify(value)), weight: 8 },
);

/** The rules of judgement again, as plainly as they can be said. */
function mayPass(text: string): boolean {
  const { active, exp, nbf, iat, aud, resource, scope, token_type } = JSON.parse(text) ?? {};
  // Scheme and host have no case (RFC 3986 §6.2.2.1), and one slash at the end is nothing.
  const ours = (value: unknown) =>
    typeof value === "string" && URL.canParse(value) &&
    new URL(value).href.replace(/\/$/, "") === RESOURCE;
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
      const answer = () => new Response(text);
      const result = await ask({ requiredScopes: ["read"] }, answer, `Bearer ${TOKEN}`);
      let expected = false;
      try {
        expected = mayPass(text);
      } catch {
        // An answer that the plain rules cannot read counts as no answer.
      }
      assert.equal(!(result instanceof Response), expected, text);
      if (expected) passed++;
    }),
    RUNS,
  );
  assert(passed > 10, `only ${passed} of the responses were good ones`);
});

/** The bytes of a response that are nearly right, in as many pieces as it may come in. */
const nearlyRight = fc.tuple(
  fc.constantFrom(ACTIVE, { ...ACTIVE, active: false }, { ...ACTIVE, aud: "https://o.example" }),
  fc.array(
    fc.record({ at: fc.nat(400), drop: fc.nat(8), insert: fc.uint8Array({ maxLength: 4 }) }),
    { minLength: 1, maxLength: 3 },
  ),
  fc.nat(400),
).map(([value, changes, cut]) => {
  let bytes = [...new TextEncoder().encode(JSON.stringify({ ...value, secret: UPSTREAM }))];
  for (const { at, drop, insert } of changes) {
    bytes = [...bytes.slice(0, at), ...insert, ...bytes.slice(at + drop)];
  }
  return [Uint8Array.from(bytes.slice(0, cut)), Uint8Array.from(bytes.slice(cut))];
});

test("no bytes of a response let a token in that the rules refuse", async () => {
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(nearlyRight, async (pieces) => {
      const answer = () =>
        new Response(
          new ReadableStream({
            start(controller) {
              for (const piece of pieces) controller.enqueue(piece);
              controller.close();
            },
          }),
        );
      const result = await ask({ requiredScopes: ["read"] }, answer, `Bearer ${TOKEN}`);
      if (result instanceof Response) return;
      passed++;
      const bytes = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
      assert(mayPass(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    }),
    RUNS,
  );
  assert(
    passed > Math.min(10, RUNS.numRuns / 100),
    `only ${passed} of the responses were good ones`,
  );
});

test("no response with a member twice lets a token in", async () => {
  const twice = fc.tuple(objects, fc.constantFrom(...members), fc.jsonValue(), fc.boolean());
  await fc.assert(
    fc.asyncProperty(twice, async ([value, name, other, first]) => {
      const text = JSON.stringify({ ...ACTIVE, ...value, [name]: ACTIVE[name] ?? NOW });
      const again = `${JSON.stringify(name)} : ${JSON.stringify(other)}`;
      const doubled = first ? `{${again},${text.slice(1)}` : `${text.slice(0, -1)},${again}}`;
      const result = await ask({}, () => new Response(doubled), `Bearer ${TOKEN}`);
      assert(result instanceof Response);
      assert.equal(result.status, 500);
    }),
    RUNS,
  );
});

const fieldValue = fc.oneof(
  fc.constantFrom("0", "7", "60", "61", "9".repeat(30), "-1", "1e9", new Date(0).toUTCString()),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  fc.stringMatching(/^[\x21-\x7e]{0,20}$/),
);

test("no HTTP status but 200 lets a token in, whatever comes with it", async () => {
  const failure = fc.tuple(fc.integer({ min: 201, max: 599 }), fieldValue, fieldValue);
  await fc.assert(
    fc.asyncProperty(failure, async ([status, retryAfter, date]) => {
      const empty = [204, 205, 304].includes(status);
      const body = empty ? null : JSON.stringify({ ...ACTIVE, secret: UPSTREAM });
      const headers = { "Retry-After": retryAfter, "Date": date, "X-Secret": UPSTREAM };
      const answer = () => new Response(body, { status, headers });
      const result = await ask({}, answer, `Bearer ${TOKEN}`);
      assert(result instanceof Response);
      assert.equal(result.status, status === 429 || status >= 500 ? 503 : 500);
    }),
    RUNS,
  );
});

test("any error of fetch is a 503 that shows nothing of the error", async () => {
  const secrets = fc.constantFrom(TOKEN, SECRET, `${TOKEN}:${SECRET}`, "plain");
  const thrown = fc.oneof(
    fc.anything(),
    fc.tuple(fc.anything(), secrets, fc.anything()).map(([cause, secret, code]) =>
      Object.assign(new Error(`failed with ${secret}`, { cause }), { code, request: secret })
    ),
    secrets.map((secret) => new TypeError("fetch failed", { cause: new Error(secret) })),
  );
  await fc.assert(
    fc.asyncProperty(thrown, async (error) => {
      const result = await ask({}, () => Promise.reject(error), `Bearer ${TOKEN}`);
      assert(result instanceof Response);
      assert.equal(result.status, 503);
    }),
    RUNS,
  );
});

const step = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("call" as const) }), weight: 4 },
  {
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      seconds: fc.integer({ min: -20, max: 40 }),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      what: fc.constantFrom(
        "good",
        "good",
        "inactive",
        "down",
        "gone",
        "refused",
        "foreign",
        "html",
      ),
      life: fc.integer({ min: -5, max: 60 }),
    }),
    weight: 3,
  },
);
const history = fc.record({
  cacheTtlSeconds: fc.constantFrom(0, 10),
  staleIfErrorSeconds: fc.constantFrom(0, 30),
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
});

test("no history lets a token pass that was revoked, has expired, or was last asked about too long ago", async () => {
  let stale = 0;
  await fc.assert(
    fc.asyncProperty(history, async ({ steps, ...overrides }) => {
      let what = "good";
      let exp = NOW + 30;
      let last: { active: boolean; ours: boolean; exp: number; askedAt: number } | undefined;
      let failed = { times: 0, at: 0 };
      const harness = createHarness({ tokenIntrospectionOverrides: overrides }, () => {
        const askedAt = harness.world.now();
        failed = { times: ["down", "gone"].includes(what) ? failed.times + 1 : 0, at: askedAt };
        if (what === "down") return Promise.reject(new Error("no route"));
        if (what === "gone") return new Response(null, { status: 500 });
        if (what === "refused") return new Response(null, { status: 401 });
        if (what === "html") return new Response("<html>");
        last = { active: what !== "inactive", ours: what !== "foreign", exp, askedAt };
        if (what === "inactive") return json({ active: false });
        return json({ ...ACTIVE, exp, ...(what === "foreign" && { aud: "https://o.example" }) });
      });
      for (const step of steps) {
        if (step.kind === "wait") harness.world.advance(step.seconds);
        else if (step.kind === "answer") {
          what = step.what;
          exp = Math.floor(harness.world.now()) + step.life;
        } else {
          const asked = harness.asked.length;
          const result = await passGate(harness.auth, requestWith(`Bearer ${TOKEN}`));
          const now = harness.world.now();
          if (result instanceof Response) continue;
          assert(last?.active && last.ours && last.exp > now, "it was last found to be dead");
          const age = now - last.askedAt;
          assert(age >= 0, "the answer is from the future");
          const answered = harness.asked.length > asked && what === "good";
          const paused = failed.times >= TOKEN_FAILURES && now - failed.at < BREAKER_PAUSE_SECONDS;
          const limit: number = paused || ["down", "gone"].includes(what)
            ? Math.max(overrides.cacheTtlSeconds, overrides.staleIfErrorSeconds)
            : overrides.cacheTtlSeconds;
          assert(answered ? age === 0 : age < limit, `the answer is ${age} s old`);
          if (!answered && age >= overrides.cacheTtlSeconds) stale++;
        }
      }
      what = "good";
      harness.world.advance(60);
      exp = harness.world.now() + 60;
      assert(
        !(await passGate(harness.auth, requestWith(`Bearer ${TOKEN}`)) instanceof Response),
      );
    }),
    RUNS,
  );
  assert(stale > 10, `only ${stale} passed by a stale answer`);
});
