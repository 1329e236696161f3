import assert from "node:assert/strict";
import { test } from "node:test";
import {
  consoleEvents,
  type ConsoleEventsOptions,
  formatText,
} from "../../src/entries/events/mod.ts";
import { messageOf } from "../../src/events/messages.ts";
import type { EventFacts, EventListener, PropelAuthEvent } from "../../src/events/events.ts";
import { ACTIVE, createHarness, json, mcpRequest, NOW, SECRET } from "../support/harness.ts";

const token = { tokenDigest: "3f08aace122e", durationSeconds: 0.0124 };
/** An identifier as a hostile client or user may choose it. */
const HOSTILE = "a\n\x1b[31mb\u009b2Jc\u202e" + "x".repeat(100_000);

const COLORS: Record<string, RegExp> = { info: /\[32m✓/, warn: /\[33m✗/, error: /\[31m!/ };
const stripColor = (part: string): string => part.replace(/^\[\d+m/, "");

function event(facts: EventFacts): PropelAuthEvent {
  return { ...facts, message: messageOf(facts), occurredAt: NOW };
}

function print(facts: EventFacts, options: ConsoleEventsOptions): string[] {
  const lines: string[] = [];
  consoleEvents({ ...options, write: (line) => lines.push(line) })(event(facts));
  return lines;
}

const LINES: { facts: EventFacts; text: string; level: string; color?: RegExp }[] = [
  {
    facts: {
      code: "token_accepted",
      ...token,
      source: "shared_cache",
      clientId: "client-1",
      subject: "user-1",
    },
    text: "✓ 3f08aace122e token accepted user-1 through client-1, from shared cache, 12 ms",
    level: "info",
  },
  {
    facts: { code: "token_accepted", ...token, source: "cache", clientId: "client-1" },
    text: "✓ 3f08aace122e token accepted nobody through client-1, from cache, 12 ms",
    level: "info",
  },
  {
    facts: {
      code: "token_refused",
      ...token,
      reason: "scope_missing",
      source: "introspection",
      expected: '"read admin"',
      received: '"read"',
    },
    text: '✗ 3f08aace122e token refused scope missing: expected "read admin", got "read". …',
    level: "warn",
  },
  {
    facts: { code: "token_refused", reason: "missing_credentials" },
    text: "→              token refused missing credentials: a client starts its login",
    level: "info",
    // Neither green nor red: nothing succeeded, nothing failed.
    color: /\[36m→/,
  },
  {
    facts: { code: "token_unverified", ...token, reason: "timeout" },
    text: "✗ 3f08aace122e token unverified timeout, 12 ms. …",
    level: "warn",
  },
  {
    facts: { code: "introspection_completed", ...token, active: false },
    text: "✓ 3f08aace122e introspection completed inactive, 12 ms",
    level: "info",
  },
  {
    facts: { code: "propelauth_unreachable", ...token, reason: "network", detail: '"no route"' },
    text: '! 3f08aace122e propelauth unreachable network: "no route", 12 ms. …',
    level: "error",
  },
  {
    facts: { code: "propelauth_misconfigured", ...token, reason: "client_refused", status: 401 },
    text: "! 3f08aace122e propelauth misconfigured client refused: status 401, 12 ms. …",
    level: "error",
  },
  {
    facts: { code: "propelauth_misconfigured", ...token, reason: "malformed_response" },
    text: "! 3f08aace122e propelauth misconfigured malformed response, 12 ms. …",
    level: "error",
  },
  {
    facts: {
      code: "call_refused",
      credential: "access_token",
      tokenDigest: "3f08aace122e",
      reason: "scope_missing",
      clientId: "client-1",
      subject: "user-1",
      challenged: true,
      expected: '"read admin"',
      received: '"read"',
    },
    text:
      '✗ 3f08aace122e call refused user-1 through client-1, scope missing: expected "read admin", got "read". …',
    level: "warn",
  },
  {
    facts: {
      code: "call_refused",
      credential: "access_token",
      tokenDigest: "3f08aace122e",
      reason: "role_mismatch",
      challenged: false,
      clientId: "client-1",
      received: '"Member"',
    },
    text: '✗ 3f08aace122e call refused nobody through client-1, role mismatch: got "Member". …',
    level: "warn",
  },
  {
    facts: {
      code: "breaker_opened",
      credential: "access_token",
      failures: 5,
      retryAfterSeconds: 10,
    },
    text: "!              breaker opened after 5 failures, next probe in 10 s. …",
    level: "error",
  },
  {
    facts: { code: "metadata_unavailable", status: 503 },
    text: "!              metadata unavailable status 503. …",
    level: "error",
  },
  {
    facts: { code: "metadata_unavailable", detail: "no answer in time" },
    text: "!              metadata unavailable no answer in time. …",
    level: "error",
  },
  {
    facts: { code: "breaker_closed", credential: "access_token" },
    text: "✓              breaker closed",
    level: "info",
  },
  {
    facts: { code: "shared_cache_lost" },
    text: "!              shared cache lost …",
    level: "error",
  },
  {
    facts: { code: "rule_unmatched", kind: "tools", rule: '"whoamii"', nearest: '"whoami"' },
    text: '✗              rule unmatched tools "whoamii", nearest "whoami". …',
    level: "warn",
  },
  {
    facts: { code: "rule_unmatched", kind: "resources", rule: '"notes://{id}"' },
    text: '✗              rule unmatched resources "notes://{id}". …',
    level: "warn",
  },
  {
    facts: {
      code: "session_refused",
      tokenDigest: "3f08aace122e",
      credential: "access_token",
      clientId: "client-1",
    },
    text: "✗ 3f08aace122e session refused nobody through client-1. …",
    level: "warn",
  },
  {
    facts: {
      code: "request_refused",
      reason: "operation",
      credential: "access_token",
      tokenDigest: "3f08aace122e",
      clientId: "YyxtuN6Q-2345",
      subject: "88d0c2d9-b594-59ab-961d-53db062112ec",
      received: '"purge"',
    },
    text: '✗ 3f08aace122e request refused 88d0c2d9.. through YyxtuN6Q.., operation "purge". …',
    level: "warn",
  },
  {
    facts: { code: "request_refused", reason: "origin", received: '"https://evil.example"' },
    text: '✗              request refused origin "https://evil.example". …',
    level: "warn",
  },
];

for (const { facts, text, level, color = COLORS[level] } of LINES) {
  const which = "reason" in facts ? `${facts.code}, ${facts.reason}` : facts.code;
  test(`consoleEvents() prints ${which} for people and for machines`, () => {
    const expected = text.replace("…", messageOf(facts));
    const [line = "", ...rest] = print(facts, { format: "text", color: false });
    assert.deepEqual(rest, []);
    assert.match(line, /^\d\d:\d\d:\d\d /);
    assert.equal(line.slice(9), expected);

    const [colored = ""] = print(facts, { format: "text", color: true });
    assert(color?.test(colored), colored);
    assert.equal(colored.split("\x1b").map(stripColor).join(""), line);

    const [object = ""] = print(facts, { format: "json", color: true });
    assert.deepEqual(JSON.parse(object), {
      time: "2096-10-02T07:06:40.000Z",
      level,
      message: messageOf(facts),
      ...facts,
    });
  });
}

for (const format of ["text", "json"] as const) {
  test(`consoleEvents() prints one line of printable ASCII, whatever comes, as ${format}`, () => {
    for (
      const facts of [
        {
          code: "token_accepted",
          ...token,
          source: "cache",
          clientId: HOSTILE,
          subject: HOSTILE,
        },
        {
          code: "session_refused",
          tokenDigest: HOSTILE,
          credential: "access_token",
          clientId: HOSTILE,
          subject: HOSTILE,
        },
      ] as const
    ) {
      const [line = ""] = print(facts, { format, color: false });
      assert.match(line.replace(/[✓✗]/, ""), /^[\x20-\x7e]+$/);
      assert(line.length < 1200, `${line.length}`);
      assert(line.includes("\\u001b"));
    }
  });
}

for (const columns of [20, 40, 80, 120]) {
  test(`consoleEvents() breaks text between words at ${columns} columns`, () => {
    for (const { facts } of LINES) {
      const [whole = ""] = print(facts, { format: "text", color: false });
      const lines = print(facts, { format: "text", color: false, columns });
      const words = (text: string): string[] => text.split(/ +/).filter((word) => word !== "");
      assert.deepEqual(lines.flatMap(words), words(whole));
      for (const line of lines) assert(line.length <= columns || words(line).length <= 3, line);
      const colored = print(facts, { format: "text", color: true, columns });
      const plain = colored.map((line) => line.split("\x1b").map(stripColor).join("").trimEnd());
      assert.deepEqual(plain, lines);
      assert.deepEqual(print(facts, { format: "json", columns }).length, 1);
    }
  });
}

test("consoleEvents() goes on below the name of the event where a line is broken", () => {
  const facts = { code: "token_unverified", ...token, reason: "closed" } as const;
  const lines = print(facts, { format: "text", color: false, columns: 80 });
  assert.deepEqual(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d/, "19:13:35")), [
    "19:13:35 ✗ 3f08aace122e token unverified closed, 12 ms. A request got 503, since",
    "                        this server is shutting down.",
  ]);
});

test("consoleEvents() leaves out what is below its level", () => {
  const printed = (level: "info" | "warn" | "error") =>
    LINES.flatMap(({ facts }) => print(facts, { format: "text", color: false, level })).length;
  const count = (level: string) => LINES.filter((line) => line.level === level).length;
  assert.equal(printed("info"), LINES.length);
  assert.equal(printed("warn"), LINES.length - count("info"));
  assert.equal(printed("error"), count("error"));
});

test("consoleEvents() never throws: neither for a broken pipe nor for an invalid time", () => {
  const broken = consoleEvents({
    write: () => {
      throw new Error("EPIPE");
    },
  });
  broken(event({ code: "breaker_closed", credential: "access_token" }));
  for (const format of ["text", "json"] as const) {
    consoleEvents({ format, write: () => {} })({
      ...event({ code: "breaker_closed", credential: "access_token" }),
      occurredAt: NaN,
    });
  }
});

for (const format of ["text", "json"] as const) {
  test(`consoleEvents() ignores a write that rejects later: ${format}`, async () => {
    let rejected = 0;
    // The test would fail with the rejection.
    const write = async () => {
      rejected++;
      await Promise.reject(new Error("The disk is full"));
    };
    consoleEvents({ format, write })(event({ code: "breaker_closed", credential: "access_token" }));
    // A rejection counts as unhandled at the end of a turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert(rejected > 0);
  });
}

test("consoleEvents() prints a code that a later version adds, as worth a look", () => {
  const later: PropelAuthEvent = Object.assign(
    event({ code: "breaker_closed", credential: "access_token" }),
    {
      code: "key_rotated",
      message: "A key was rotated.",
    },
  );
  const lines: string[] = [];
  consoleEvents({ format: "json", write: (line) => lines.push(line) })(later);
  assert.equal(JSON.parse(lines[0] ?? "").level, "error");
  assert.match(formatText(later, false), /! {14}key rotated/);
});

const BAD: [options: Record<string, unknown>, says: string][] = [
  [{ format: "xml" }, 'format must be "text" or "json": received "xml"'],
  [{ color: "yes" }, 'color must be true or false: received "yes"'],
  [{ level: "debug" }, 'level must be "info", "warn" or "error": received "debug"'],
  [{ columns: 19 }, "columns must be a number >= 20: received 19"],
  [{ write: 1 }, "write must be a function: received 1"],
  [
    { colour: true },
    "colour must be a known option: received an unknown one; did you mean color?",
  ],
  [
    { file: "log" },
    "file must be one of format, color, level, columns, write: received an unknown option",
  ],
];

for (const [options, says] of BAD) {
  test(`consoleEvents() refuses ${JSON.stringify(options)}`, () => {
    assert.throws(() => consoleEvents(options), {
      name: "columns" in options ? "RangeError" : "TypeError",
      message: `Cannot create consoleEvents: ${says}`,
    });
  });
}

test("consoleEvents says that it has to be called when onEvent is consoleEvents itself", async () => {
  const { auth } = createHarness({ onEvent: consoleEvents as unknown as EventListener });
  const printed: unknown[] = [];
  const printError = console.error;
  console.error = (...parts: unknown[]) => void printed.push(...parts);
  const answered = Promise.resolve(auth.handler(() => new Response())(mcpRequest()));
  const { status } = await answered.finally(() => console.error = printError);
  assert.equal(status, 200);
  assert.equal(
    printed[0],
    "No event is printed: onEvent must be consoleEvents(), with parentheses",
  );
});

test("consoleEvents() never prints a token or a secret", async () => {
  const lines: string[] = [];
  const write = (line: string): unknown => lines.push(line);
  const listeners = [consoleEvents({ format: "text", write }), consoleEvents({ write })];
  const { auth } = createHarness(
    { onEvent: (event) => listeners.forEach((listener) => listener(event)) },
    (token) =>
      token === "good-token-1"
        ? json(ACTIVE)
        : Promise.reject(new Error(`${token} ${SECRET} ${btoa(`introspection-id:${SECRET}`)}`)),
  );
  for (const token of ["good-token-1", "lost-token-2"]) {
    await auth.handler(() => new Response())(mcpRequest(token));
  }
  assert.equal(lines.length, 8);
  assert.doesNotMatch(lines.join(), new RegExp(`token-[12]|${SECRET}|aW50cm9z`));
});
