import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { runs } from "../../support/fuzz_runs.ts";
import { ACTIVE, cached, json, mcpRequest, NOW, settle } from "../../support/harness.ts";
import {
  type Audited,
  createAudited,
  createStream,
  message,
  notification,
  post,
} from "./harness.ts";

const IDS = [1, 2, "1", undefined] as const;
const SESSIONS = [undefined, "a", "b"] as const;
/** How the MCP server answers a request; `later`: not before the end, unless it is let go. */
const ANSWERS = [
  "answer",
  "other",
  "throw",
  "forbid",
  "accept",
  "refuse",
  "stream",
  "later",
] as const;

const ofPost = fc.record({
  kind: fc.constant("post" as const),
  ids: fc.array(fc.constantFrom(...IDS), { minLength: 1, maxLength: 3 }),
  session: fc.constantFrom(...SESSIONS),
  by: fc.constantFrom(...ANSWERS),
  isForbidden: fc.boolean(),
  isError: fc.boolean(),
});
const ofStream = fc.record({
  kind: fc.constant("stream" as const),
  at: fc.nat(3),
  by: fc.constantFrom("answer", "fail", "close", "leave"),
  id: fc.constantFrom(1, 2, "1", null),
  isError: fc.boolean(),
});
const ofOther = fc.record({
  kind: fc.constantFrom("listen" as const, "cancel" as const, "abort" as const, "advance" as const),
  session: fc.constantFrom(...SESSIONS),
  id: fc.constantFrom(1, 2, "1"),
  at: fc.nat(3),
});
const steps = fc.array(fc.oneof(ofPost, ofStream, ofOther), { minLength: 1, maxLength: 12 });
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;
type Stream = ReturnType<typeof createStream>;

const result = (id: unknown, isError = false) => ({ jsonrpc: "2.0", id, result: { isError } });

function create(): Audited {
  const operations = { prompts: { forbidden: ["admin"] } };
  const answer = () => json({ ...ACTIVE, exp: NOW + 1e9 });
  return createAudited({ operations, ...cached() }, ({ arguments: args }) => args, answer);
}

// Node 20 takes longer for each promise when there are many AsyncLocalStorages.
const shared = create();

/** Plays steps, ends all that is still open, and returns how many calls there were, and their events. */
async function play(given: readonly Step[], closes: boolean) {
  const { auth, world, events } = closes ? create() : shared;
  events.length = 0;
  /** Each call of a prompt has a number. */
  let calls = 0;
  let cancels = 0;
  const streams: { readonly stream: Stream; readonly leave: () => void }[] = [];
  const aborts: AbortController[] = [];
  const lets: (() => void)[] = [];
  const sent: Promise<unknown>[] = [];

  function open(stream: Stream, by: AbortController): Response {
    streams.push({ stream, leave: () => by.abort() });
    return stream.response;
  }

  /** Sends a request; its response is read to the end, or until the client leaves. */
  function send(request: Request, by: AbortController, serve: () => Response | Promise<Response>) {
    const answered = auth.handler(async () => await serve())(request).then(async (response) => {
      const reader = response.body?.getReader();
      by.signal.addEventListener("abort", () => reader?.cancel().catch(() => {}));
      while (reader !== undefined && !(await reader.read()).done);
    });
    sent.push(answered.catch(() => {}));
  }

  function begin(step: Step & { kind: "post" }): void {
    const { ids, session, by, isForbidden, isError } = step;
    const messages = ids.map((id) => {
      const params = {
        name: isForbidden ? "forbidden" : "allowed",
        arguments: { mark: calls++ },
      };
      const method = "prompts/get";
      return id === undefined ? notification(method, params) : message(method, params, id);
    });
    const abort = new AbortController();
    aborts.push(abort);
    const answers = ids.filter((id) => id !== undefined).map((id) => result(id, isError));
    const serve = (): Response | Promise<Response> => {
      switch (by) {
        case "answer":
          return json(answers.length === 1 ? answers[0] : answers);
        case "other":
          return json(result(99));
        case "throw":
          throw new Error("broken");
        case "forbid":
          return new Response(null, { status: 403 });
        case "accept":
          return new Response(null, { status: 202 });
        case "refuse":
          auth.requireScopes("admin");
          return new Response();
        case "stream":
          return open(createStream(), abort);
        case "later":
          return new Promise((resolve) => lets.push(() => resolve(json(answers))));
      }
    };
    const body = messages.length === 1 ? messages[0] : messages;
    const headers = session && { "Mcp-Session-Id": session };
    send(post(body, headers, { signal: abort.signal }), abort, serve);
  }

  function play(step: Step): void {
    switch (step.kind) {
      case "post":
        return begin(step);
      case "stream": {
        const { stream, leave } = streams[step.at % streams.length] ?? {};
        if (step.by === "leave") leave?.();
        else if (step.by === "answer") stream?.send(result(step.id, step.isError));
        else stream?.[step.by]();
        return;
      }
      case "listen": {
        const abort = new AbortController();
        const headers = step.session && { "Mcp-Session-Id": step.session };
        const init = { method: "GET", headers: headers ?? {}, signal: abort.signal };
        return send(mcpRequest("token-1", init), abort, () => open(createStream(), abort));
      }
      case "cancel": {
        const abort = new AbortController();
        cancels++;
        const headers = step.session && { "Mcp-Session-Id": step.session };
        const request = post(
          notification("notifications/cancelled", { requestId: step.id }),
          headers,
        );
        return send(request, abort, () => new Response(null, { status: 202 }));
      }
      case "abort":
        return aborts[step.at % aborts.length]?.abort();
      case "advance":
        return world.advance(40 * (1 + step.at));
    }
  }

  for (const step of given) {
    try {
      play(step);
    } catch {
      // A stream that is closed takes no more.
    }
    await settle();
    await new Promise<void>((done) => setImmediate(done));
  }
  for (const letGo of lets) letGo();
  for (const { stream } of streams) {
    try {
      stream.close();
    } catch {
      // It is closed already.
    }
  }
  await Promise.all(sent);
  if (closes) await auth.close();
  else world.advance(1000);
  return { calls, cancels, events };
}

test("auditCalls() records each call once and in the order of their ends, whatever happens to it", async () => {
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(19), async (given, chance) => {
      const { calls, cancels, events } = await play(given, chance === 0);
      const marks = events.flatMap(({ arguments: args }) => args?.["mark"] ?? []);
      assert.deepEqual(
        marks.map(Number).sort((a, b) => a - b),
        Array.from({ length: calls }, (_, i) => i),
      );
      assert.equal(events.length, calls + cancels);
      const ends = events.map(({ endedAt }) => endedAt);
      assert.deepEqual(ends, ends.toSorted((a, b) => a - b));
      for (const { outcome } of events) outcomes.add(outcome);
    }),
    { numRuns: runs(3_000) },
  );
  // Histories without one of the outcomes would say nothing about it.
  assert.deepEqual([...outcomes].sort(), [
    "cancelled",
    "error",
    "no_answer",
    "ok",
    "refused",
    "tool_error",
  ]);
});
