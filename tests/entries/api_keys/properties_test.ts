import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PropelAuth } from "@x/propelauth-mcp";
import { createMemoryCache } from "../../shared_cache/memory_cache.ts";
import { RUNS } from "../../support/fuzz_runs.ts";
import { ACTIVE, json, mcpRequest, NOW, passGate, RESOURCE } from "../../support/harness.ts";
import { createKeyHarness, ORGANIZATION, PERSONAL } from "./harness.ts";

const GRANTED = ["of-key"];
const TOKEN_SCOPES = ["of-token", "admin"];

/** An answer of one endpoint, and whether it calls the credential valid; `undefined`: it says nothing. */
interface Reply {
  readonly isValid: boolean | undefined;
  readonly respond: () => Response | Promise<Response>;
}

const status = (code: number, body: unknown = {}, isValid?: boolean): Reply => ({
  isValid,
  respond: () => json(body, { status: code }),
});
const down: Reply = { isValid: undefined, respond: () => Promise.reject(new Error("no route")) };

/** Answers that say nothing about the credential. */
const NOTHING: Record<string, Reply> = {
  down,
  unavailable: status(503),
  refused: status(401),
  gone: status(404),
  limited: status(429),
  keyLimited: status(429, { wait_seconds: 5, error_code: "rate_limited" }),
  html: { isValid: undefined, respond: () => new Response("<html>") },
  empty: status(200),
  list: status(200, [ACTIVE, PERSONAL]),
};

/** Answers of the introspection endpoint; some look like an answer about a key. */
const active = { ...ACTIVE, exp: NOW + 1_000_000, scope: TOKEN_SCOPES.join(" ") };
const TOKEN_REPLIES: Record<string, Reply> = {
  ...NOTHING,
  malformed: status(400),
  aKey: status(200, PERSONAL),
  inactive: status(200, { active: false }, false),
  active: status(200, active, true),
  activeLikeAKey: status(200, { ...ORGANIZATION, ...active }, true),
};

/** Answers of the endpoint for keys; some look like an answer about a token. */
const KEY_REPLIES: Record<string, Reply> = {
  ...NOTHING,
  aToken: status(200, active),
  inactive: status(200, { active: false }),
  invalid: status(400, {}, false),
  disabled: status(200, { user: { user_id: "user-1", enabled: false } }, false),
  left: status(200, { ...ORGANIZATION, user_in_org: null }, false),
  kind: status(200, { metadata: {} }, false),
  personal: status(200, PERSONAL, true),
  organization: status(200, ORGANIZATION, true),
  likeAToken: status(200, { ...active, ...PERSONAL }, true),
};

const credential = fc.constantFrom("one", "two");
const reply = (replies: Record<string, Reply>, ...good: string[]) =>
  fc.constantFrom(...Object.keys(replies), ...good, ...good, ...good);
const step = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant("call" as const),
      credential,
      instance: fc.constantFrom(0, 1),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant("token" as const),
      credential,
      reply: reply(TOKEN_REPLIES, "active", "inactive", "inactive", "inactive"),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant("key" as const),
      credential,
      reply: reply(KEY_REPLIES, "personal", "organization", "invalid"),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      seconds: fc.constantFrom(-10, 0.5, 1, 3, 6, 20, 70, 4000),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ kind: fc.constant("forget" as const), credential }), weight: 1 },
);
const history = fc.record({
  cacheTtlSeconds: fc.constantFrom(0, 10),
  staleIfErrorSeconds: fc.constantFrom(0, 30),
  isShared: fc.boolean(),
  knowsKeys: fc.constantFrom(undefined, true, false),
  steps: fc.array(step, { minLength: 1, maxLength: 14 }),
});

test("no sequence of answers of the two endpoints lets a credential in that neither calls valid, or gives a key the scopes of a token", async () => {
  const passed = { access_token: 0, api_key: 0 };
  await fc.assert(
    fc.asyncProperty(history, async ({ steps, isShared, knowsKeys, ...overrides }) => {
      const replies: Record<string, { token: Reply; key: Reply }> = {
        one: { token: TOKEN_REPLIES["active"] ?? down, key: KEY_REPLIES["invalid"] ?? down },
        two: { token: TOKEN_REPLIES["inactive"] ?? down, key: KEY_REPLIES["personal"] ?? down },
      };
      /** The last word of each endpoint about each credential. */
      const said = new Map<string, boolean>();
      const everValid = new Set<string>();
      const harness = createKeyHarness({
        scopes: GRANTED,
        kinds: ["personal", "organization"],
        ...(knowsKeys !== undefined && { isApiKey: () => knowsKeys }),
      });
      for (const which of ["token", "key"] as const) {
        harness[which] = (credential) => {
          const { isValid, respond } = replies[credential]?.[which] ?? down;
          if (isValid !== undefined) said.set(`${which} ${credential}`, isValid);
          if (isValid) everValid.add(`${which} ${credential}`);
          return respond();
        };
      }
      const sharedCache = createMemoryCache(harness.world);
      const isKept = isShared && overrides.cacheTtlSeconds > 0;
      const create = () =>
        harness.create({
          tokenIntrospectionOverrides: overrides,
          ...(isKept && { sharedCache }),
        });
      const instances: readonly PropelAuth[] = isKept ? [create(), create()] : [create()];
      for (const step of steps) {
        if (step.kind === "wait") harness.world.advance(step.seconds);
        else if (step.kind === "forget") {
          for (const auth of instances) await auth.forget(step.credential);
        } else if (step.kind !== "call") {
          const of = replies[step.credential] ?? assert.fail();
          if (step.kind === "token") of.token = TOKEN_REPLIES[step.reply] ?? down;
          else of.key = KEY_REPLIES[step.reply] ?? down;
        } else {
          const auth = instances[step.instance] ?? instances[0] ?? assert.fail();
          let isDone = false;
          const passing = passGate(auth, mcpRequest(step.credential)).finally(() => isDone = true);
          // Another instance's lock lapses by the clock alone.
          for (let turn = 1; !isDone; turn++) {
            await Promise.resolve();
            if (turn % 100 === 0) harness.world.advance(1);
          }
          const caller = await passing;
          if (caller instanceof Response) continue;
          passed[caller.credential]++;
          const word = `${caller.credential === "api_key" ? "key" : "token"} ${step.credential}`;
          // An instance learns within a second what another one was told.
          assert(isKept ? everValid.has(word) : said.get(word), `${word} was not called valid`);
          assert.deepEqual(
            caller.scopes,
            caller.credential === "api_key" ? GRANTED : TOKEN_SCOPES,
          );
        }
      }
    }),
    { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / 5) },
  );
  for (const [kind, times] of Object.entries(passed)) assert(times > 10, `${kind}: ${times}`);
});

/** Values that come near what a member may be. */
const near = fc.oneof(
  fc.constantFrom(null, true, false, "user-1", "acme", "", {}, [], { user_id: "user-1" }),
  fc.constantFrom(...Object.values(ORGANIZATION), { a: 1 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const MEMBERS = ["metadata", "user", "org", "user_in_org", "user_id", "org_id"];
const OTHERS = ["active", "scope", "exp", "aud", "sub", "email", "org_role"];
const answers = fc.tuple(
  fc.constantFrom<Record<string, unknown>>(PERSONAL, ORGANIZATION, { metadata: {} }, {}),
  fc.dictionary(fc.constantFrom(...MEMBERS, ...OTHERS), near, { maxKeys: 3 }),
).map(([answer, changes]) => ({ ...answer, ...changes }));

/** The rules about keys again, as plainly as they can be said. */
function mayPass(answer: Record<string, unknown>): boolean {
  const isRecord = (value: unknown) =>
    value === undefined || value === null || typeof value === "object" && !Array.isArray(value);
  const object = (name: string) => {
    const value = answer[name];
    return typeof value === "object" ? value as Record<string, unknown> | null : undefined;
  };
  const [user, org, userInOrg] = [object("user"), object("org"), object("user_in_org")];
  const isId = (value: unknown) => typeof value === "string" && value !== "";
  const isThere = (value: unknown) => value !== undefined && value !== null;
  const absent = {};
  const userIds = [answer["user_id"] ?? absent, user ? user["user_id"] : absent]
    .filter((id) => id !== absent);
  const orgIds = [
    answer["org_id"] ?? absent,
    org ? org["org_id"] : absent,
    userInOrg ? userInOrg["org_id"] : absent,
  ].filter((id) => id !== absent);
  return (answer["active"] === undefined || answer["active"] === true) &&
    MEMBERS.some((name) => name in answer) &&
    ["metadata", "user", "org", "user_in_org"].every((name) => isRecord(answer[name])) &&
    [userIds, orgIds].every((ids) => ids.every(isId) && new Set(ids).size <= 1) &&
    [undefined, null, true].includes(user?.["enabled"] as undefined) &&
    [undefined, null, false].includes(user?.["locked"] as undefined) &&
    !(orgIds.length > 0 && userIds.length > 0 && !isThere(userInOrg));
}

test("no answer about a key lets it in that the rules refuse, or gives it more than its scopes", async () => {
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(answers, async (answer) => {
      const harness = createKeyHarness({ scopes: GRANTED });
      harness.key = () => json(answer);
      const caller = await passGate(harness.auth, mcpRequest("key-1"));
      assert.equal(!(caller instanceof Response), mayPass(answer), JSON.stringify(answer));
      if (caller instanceof Response) return;
      passed++;
      assert.deepEqual([caller.credential, caller.scopes, caller.expiresAt], [
        "api_key",
        GRANTED,
        undefined,
      ]);
      assert.equal(caller.resource.href, RESOURCE);
      assert(!("scope" in caller.claims) && !("exp" in caller.claims));
    }),
    RUNS,
  );
  assert(passed > 10, `only ${passed} of the answers were good ones`);
});
