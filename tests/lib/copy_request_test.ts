import assert from "node:assert/strict";
import { test } from "node:test";
import { COPY_WITHOUT, copyWithout, ForwardedRequest } from "../../src/lib/copy_request.ts";
import { mcpRequest, RESOURCE } from "../support/harness.ts";

const fields = (request: Request) => [...request.headers.keys()];

test("copyWithout() gives the request without the field", async () => {
  const abort = new AbortController();
  const given = mcpRequest("token-1", {
    headers: { "X-Own": "1", "Content-Length": "2", "Content-Type": "a/b" },
    body: "{}",
    signal: abort.signal,
  });
  const forwarded = copyWithout("authorization", given);
  assert.deepEqual([forwarded.method, forwarded.url], ["POST", RESOURCE]);
  assert.deepEqual(fields(forwarded), [
    "content-length",
    "content-type",
    "x-own",
  ]);
  assert.equal(await forwarded.text(), "{}");
  abort.abort();
  assert(forwarded.signal.aborted);
});

test("copyWithout() puts another body in place of one that was read", async () => {
  const given = mcpRequest("token-1", {
    headers: { "Content-Length": "6", "Content-Type": "a/b" },
    body: "[  1 ]",
  });
  await given.arrayBuffer();
  const forwarded = copyWithout("authorization", given, "[1]");
  // The length was that of the original body.
  assert.deepEqual(fields(forwarded), ["content-type"]);
  assert.equal(forwarded.headers.get("Content-Type"), "a/b");
  assert.equal(await forwarded.text(), "[1]");
});

test("copyWithout() adds no type that the client did not send", () => {
  const given = mcpRequest("token-1", { body: new Uint8Array([0x31]) });
  assert.deepEqual(fields(copyWithout("authorization", given, "1")), []);
});

/** A request as adapters for Node hand it out: no runtime knows it as one. */
function standIn(method: string, headers: [string, string][], body?: string): Request {
  const abort = new AbortController();
  const parts = {
    url: RESOURCE,
    method,
    headers: {
      has: (name: string) => headers.some(([one]) => one === name.toLowerCase()),
      forEach: (take: (value: string, name: string) => void) =>
        headers.forEach(([name, value]) => take(value, name)),
    },
    signal: abort.signal,
    get body(): never {
      throw new Error("The body must stay unread");
    },
    text: () => Promise.resolve(body ?? ""),
  };
  return Object.setPrototypeOf(parts, Object.create(Request.prototype));
}

test("copyWithout() has a request copy itself that can", () => {
  const copy = mcpRequest();
  const given = Object.assign(standIn("POST", []), {
    [COPY_WITHOUT]: (...args: unknown[]) => args.join() === "authorization," && copy,
  });
  assert.equal(copyWithout("authorization", given), copy);
});

for (const method of ["GET", "HEAD"]) {
  test(`copyWithout() rebuilds an adapter's ${method} without making it whole`, () => {
    const copy = copyWithout(
      "authorization",
      standIn(method, [["AUTHORIZATION", "Bearer token-1"], ["X-Own", "1"]]),
    );
    // Only a request of the runtime's own class can be copied.
    assert.equal(new Request(copy).url, RESOURCE);
    assert.deepEqual([copy.method, copy.url, fields(copy)], [method, RESOURCE, ["x-own"]]);
  });
}

test("copyWithout() rebuilds an adapter's request with the body that was read", async () => {
  const headers: [string, string][] = [["authorization", "Bearer token-1"], [
    "content-type",
    "a/b",
  ]];
  const copy = copyWithout("authorization", standIn("POST", headers, "{}"), "{}");
  assert.deepEqual(fields(copy), ["content-type"]);
  assert.equal(await copy.text(), "{}");
});

for (
  const [what, given] of [
    [
      "a request of the runtime",
      () => mcpRequest("token-1", { body: new Uint8Array([0x31]) }),
    ],
    ["an adapter's request", () => standIn("POST", [["authorization", "Bearer token-1"]])],
  ] as const
) {
  test(`copyWithout() makes the new body of ${what} when it is read`, async () => {
    let made = 0;
    const copy = copyWithout("authorization", given(), () => {
      made++;
      return "[1]";
    });
    assert.equal(made, 0);
    assert.equal(await copy.text(), "[1]");
    assert.deepEqual([made, fields(copy)], [1, []]);
  });
}

const TEXT = '{"a":"\u00e9"}';
const unasked = () => assert.fail("The signal was asked for");
const PARTS = { method: "POST", headers: { "content-type": "application/json" } };

/** The two ways to forward a request: built of its parts, or of the request. */
const WAYS: [of: string, create: (getSignal?: () => AbortSignal) => ForwardedRequest][] = [
  ["parts", (getSignal = unasked) => {
    return new ForwardedRequest(RESOURCE, { ...PARTS, body: TEXT }, getSignal);
  }],
  ["a request", (getSignal = unasked) => {
    const original = new Request(RESOURCE, { ...PARTS, body: "of the original" });
    return new ForwardedRequest(original, { body: TEXT, signal: null }, getSignal);
  }],
];

const READERS: [what: string, read: (request: Request) => Promise<unknown>][] = [
  ["text()", (request) => request.text()],
  ["json()", async (request) => JSON.stringify(await request.json())],
  ["arrayBuffer()", async (request) => new TextDecoder().decode(await request.arrayBuffer())],
  ["body", (request) => new Response(request.body).text()],
  ["clone()", (request) => request.clone().text()],
  ["new Request()", (request) => new Request(request).text()],
];

for (const [of, create] of WAYS) {
  for (const [what, read] of READERS) {
    test(`ForwardedRequest of ${of} gives its body by ${what}`, async () => {
      // A copy may look at the signal, and on Bun `new Request()` does.
      const isCopied = what === "clone()" || what === "new Request()";
      const request = create(isCopied ? () => new AbortController().signal : unasked);
      assert.equal(request.bodyUsed, false);
      assert.equal(await read(request), TEXT);
    });

    if (!["text()", "json()", "clone()"].includes(what)) continue;
    test(`ForwardedRequest of ${of} refuses ${what} when text() has read the body`, async () => {
      const request = create();
      await request.text();
      assert.equal(request.bodyUsed, true);
      await assert.rejects(async () => await read(request), TypeError);
    });
  }

  test(`ForwardedRequest of ${of} refuses text() when its body was read otherwise`, async () => {
    const request = create();
    await request.arrayBuffer();
    await assert.rejects(request.text(), TypeError);
    await assert.rejects(request.json(), TypeError);
  });

  test(`ForwardedRequest of ${of} and its clone have the signal of the original`, () => {
    const abort = new AbortController();
    const request = create(() => abort.signal);
    const clone = request.clone();
    abort.abort();
    assert.deepEqual([request.signal.aborted, clone.signal.aborted], [true, true]);
    assert.deepEqual([clone.method, clone.url, [...clone.headers]], [
      "POST",
      RESOURCE,
      [["content-type", "application/json"]],
    ]);
  });
}

for (const method of ["POST", "GET"]) {
  test(`copyWithout() gives the same of ${method} before and after its signal was looked at`, async () => {
    const seen: unknown[] = [];
    for (let time = 0; time < 2; time++) {
      const abort = new AbortController();
      const headers = { "Content-Type": "a/b", "X-Own": "1", "Content-Length": "2" };
      const given = mcpRequest("token-1", { method, headers, signal: abort.signal });
      const copy = copyWithout("authorization", given, method === "POST" ? "{}" : undefined);
      const copies = [copy, copy.clone(), new Request(copy.clone())].map(fields);
      seen.push([copy.method, copy.url, ...copies, await copy.text()]);
      abort.abort();
      assert(copy.signal.aborted);
    }
    assert.deepEqual(seen[0], seen[1]);
    assert(!JSON.stringify(seen).includes("authorization"));
  });
}

test("copyWithout() says what to do about a request whose body was read before", async () => {
  const given = mcpRequest("token-1", { body: "{}" });
  await given.text();
  assert.throws(() => copyWithout("authorization", given), {
    name: "TypeError",
    message:
      /body was read before: give the handler one that is unread, or call auth\.authenticate/,
  });
});
