import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  AccessTokenErrorReason,
  IntrospectionErrorReason,
} from "../../src/oauth/refusal_sentences.ts";
import { createEmit, kindOfFailure, messageOf } from "../../src/events/messages.ts";
import { EVENT_LEVELS, isLoginStart, levelOf } from "../../src/entries/events/levels.ts";
import { messageOfKeyEvent } from "../../src/entries/api_keys/messages.ts";
import type { EventFacts, PropelAuthEvent } from "../../src/events/events.ts";

const token = { tokenDigest: "3f08aace122e", durationSeconds: 0 };

const KINDS: Record<IntrospectionErrorReason, string> = {
  timeout: "unreachable",
  network: "unreachable",
  unavailable: "unreachable",
  overloaded: "unreachable",
  breaker_open: "unreachable",
  closed: "unreachable",
  api_key_rate_limited: "unreachable",
  client_refused: "misconfigured",
  malformed_response: "misconfigured",
};

const REFUSED: Record<AccessTokenErrorReason, RegExp> = {
  missing_credentials: /log in/,
  malformed_credentials: /Authorization header/,
  inactive: /compare the Auth URL/,
  wrong_token_type: /refresh token/,
  expired: /clocks/,
  not_yet_valid: /clock/,
  audience_mismatch: /baseUrl and mcpPath/,
  org_claim_missing: /org_id.+backend API/,
  org_mismatch: /choose this one/,
  role_claim_missing: /org_role.+backend API/,
  role_mismatch: /org_role/,
  scope_missing: /MCP > Scopes/,
  api_key_user_disabled: /disabled or locked/,
  api_key_maker_left: /not in it any more/,
  api_key_kind_refused: /apiKeys\.kinds/,
  api_key_scope_missing: /apiKeys\.scopes/,
};

const FAILED: Record<IntrospectionErrorReason, RegExp> = {
  timeout: /timeoutSeconds/,
  network: /Auth URL, DNS/,
  unavailable: /429/,
  overloaded: /maxConcurrentIntrospections/,
  breaker_open: /breaker_opened/,
  closed: /shutting down/,
  api_key_rate_limited: /not held up/,
  client_refused: /MCP > Request Validation/,
  malformed_response: /Auth URL/,
};

/** Each event that there is, with a word that tells the operator where to look. */
const EVENTS: [EventFacts, RegExp][] = [
  ...Object.entries(REFUSED).map(([reason, says]): [EventFacts, RegExp] => [
    { code: "token_refused", reason: reason as AccessTokenErrorReason },
    says,
  ]),
  ...Object.entries(FAILED).map(([reason, says]): [EventFacts, RegExp] => [
    {
      code: `propelauth_${kindOfFailure(reason as IntrospectionErrorReason)}`,
      ...token,
      ...(reason.startsWith("api_key") && { credential: "api_key" }),
      reason: reason as IntrospectionErrorReason,
    },
    says,
  ]),
  [
    { code: "propelauth_misconfigured", ...token, reason: "client_refused", status: 404 },
    /MCP > Enable MCP/,
  ],
  [
    { code: "propelauth_misconfigured", ...token, reason: "client_refused", status: 401 },
    /MCP > Request Validation/,
  ],
  [
    {
      code: "propelauth_misconfigured",
      ...token,
      credential: "api_key",
      reason: "client_refused",
      status: 401,
    },
    /PROPELAUTH_API_KEY.+Backend Integration > API keys/,
  ],
  [
    {
      code: "propelauth_misconfigured",
      ...token,
      credential: "api_key",
      reason: "client_refused",
      status: 404,
    },
    /PROPELAUTH_API_KEY/,
  ],
  [
    {
      code: "propelauth_misconfigured",
      ...token,
      credential: "api_key",
      reason: "malformed_response",
    },
    /answer about an API key/,
  ],
  [
    { code: "propelauth_unreachable", ...token, credential: "api_key", reason: "network" },
    /Auth URL, DNS/,
  ],
  [
    {
      code: "token_accepted",
      ...token,
      credential: "api_key",
      source: "cache",
      clientId: "c",
    },
    /^An API key was accepted\.$/,
  ],
  [
    { code: "introspection_completed", ...token, credential: "api_key", active: true },
    /about an API key/,
  ],
  [{ code: "token_unverified", ...token, reason: "api_key_rate_limited" }, /not held up/],
  [{ code: "token_accepted", ...token, source: "cache", clientId: "c" }, /accepted/],
  [{ code: "token_unverified", ...token, reason: "timeout" }, /503/],
  [{ code: "token_unverified", ...token, reason: "overloaded" }, /maxConcurrentIntrospections/],
  [{ code: "token_unverified", ...token, reason: "client_refused" }, /500.+misconfigured/],
  [
    {
      code: "call_refused",
      tokenDigest: "3f",
      credential: "access_token",
      reason: "scope_missing",
      clientId: "c",
      challenged: true,
    },
    /the client was told which to ask for.+MCP > Scopes/,
  ],
  [
    {
      code: "call_refused",
      tokenDigest: "3f",
      credential: "access_token",
      reason: "scope_missing",
      clientId: "c",
      challenged: false,
    },
    /^A tool refused.+does not ask for the scope by itself.+option operations\.$/,
  ],
  [{ code: "introspection_completed", ...token, active: true }, /answered/],
  [
    { code: "breaker_opened", credential: "access_token", failures: 5, retryAfterSeconds: 10 },
    /status page/,
  ],
  [{ code: "breaker_closed", credential: "access_token" }, /again/],
  [{ code: "metadata_unavailable", detail: "no answer in time" }, /2025-03-26.+doctor/],
  [{ code: "metadata_unavailable", status: 404 }, /MCP > Enable MCP/],
  [{ code: "shared_cache_lost" }, /cache's server/],
  [{ code: "shared_cache_recovered" }, /again/],
  [{ code: "shared_cache_order_lost" }, /noeviction.+primary/],
  [{ code: "operations_unjudged" }, /auth\.handler\(\) or requireAuth\(\) in front/],
  [{ code: "calls_unaudited" }, /audit does not record.+requireAuth\(\) in front/],
  [{ code: "shared_cache_entry_rejected", tokenDigest: "3f08aace122e" }, /who else writes/],
  [
    { code: "rule_unmatched", kind: "tools", rule: '"whoamii"' },
    /protects nothing: compare its name/,
  ],
  [{
    code: "session_refused",
    tokenDigest: "3f08aace122e",
    credential: "access_token",
    clientId: "c",
  }, /session/],
  [{ code: "request_refused", reason: "origin", received: "x" }, /allowedOrigins/],
  [{ code: "request_refused", reason: "host", received: "x" }, /baseUrl/],
];

for (const [facts, says] of EVENTS) {
  const which = "reason" in facts ? `${facts.code}, ${facts.reason}` : facts.code;
  test(`messageOf() tells an operator what ${which} means`, () => {
    const message = messageOfKeyEvent(facts) ?? messageOf(facts);
    assert.match(message, says);
    assert.match(message, /^[A-Z][\x20-\x7e]+\.$/);
    assert(message.length <= 260, `${message.length}`);
  });
}

test("levelOf() calls the first step of each login info, and every other refusal a warning", () => {
  const login = { code: "token_refused", reason: "missing_credentials" } as const;
  assert.deepEqual([levelOf(login), isLoginStart(login)], ["info", true]);
  const refused = { code: "token_refused", reason: "malformed_credentials" } as const;
  assert.deepEqual([levelOf(refused), isLoginStart(refused)], ["warn", false]);
  const call = {
    credential: "access_token",
    tokenDigest: "3f",
    clientId: "c",
    challenged: false,
  } as const;
  const outside = { code: "call_refused", reason: "missing_credentials", ...call } as const;
  assert.equal(levelOf(outside), "warn");
});

test("messageOf() and EVENT_LEVELS know every code", () => {
  const codes = new Set(EVENTS.map(([{ code }]) => code));
  assert.deepEqual([...codes].sort(), Object.keys(EVENT_LEVELS).sort());
});

for (const [reason, kind] of Object.entries(KINDS)) {
  test(`kindOfFailure() calls ${reason} ${kind}`, () => {
    assert.equal(kindOfFailure(reason as IntrospectionErrorReason), kind);
  });
}

test("createEmit() is undefined without a listener, so that no event is built", () => {
  assert.equal(createEmit(undefined, () => 1), undefined);
});

test("createEmit() adds the sentence and the time, and freezes the event", () => {
  const events: PropelAuthEvent[] = [];
  createEmit((event) => events.push(event), () => 17)?.({
    code: "breaker_closed",
    credential: "access_token",
  });
  assert.deepEqual(events, [
    {
      code: "breaker_closed",
      credential: "access_token",
      message: "PropelAuth answers again.",
      occurredAt: 17,
    },
  ]);
  assert(Object.isFrozen(events[0]));
});

const FAULTS: [string, () => unknown][] = [
  ["throws", () => {
    throw new Error("listener");
  }],
  ["rejects", () => Promise.reject(new Error("listener"))],
];

for (const [does, listener] of FAULTS) {
  test(`createEmit() is not disturbed by a listener that ${does}`, async () => {
    const emit = createEmit(listener, () => 1);
    assert.equal(emit?.({ code: "breaker_closed", credential: "access_token" }), undefined);
    // An unhandled rejection would end the process in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
  });
}
