import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { request, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { holdResponse } from "../../../src/entries/express/held_response.ts";
import { listen, send, sendTo } from "../../support/node_server.ts";

const REQUEST = new Request("http://h.example/");
const LARGE = Array.from({ length: 64 }, (_, i) => Buffer.alloc(32 * 1024, i));

/** Holds back the response that `write` makes, and returns what arrives after `change`. */
async function held(
  write: (outgoing: ServerResponse) => unknown,
  change: (response: Response) => Response = (response) => response,
  method = "GET",
): Promise<Response> {
  return await sendTo((_request, outgoing) => {
    const { response, release } = holdResponse(outgoing);
    response.then(change).then(release);
    write(outgoing);
  }, new Request(REQUEST, { method }));
}

/** The same with another body in the same words, as a stream that is cut short has it. */
function replaceBody(response: Response): Response {
  const body = response.body?.pipeThrough(new TransformStream()) ?? null;
  return new Response(body, response);
}

interface Written {
  readonly what: string;
  readonly write: (outgoing: ServerResponse) => unknown;
  readonly method?: string;
}

const WRITTEN: Written[] = [
  { what: "an end alone", write: (outgoing) => outgoing.end("body") },
  { what: "nothing", write: (outgoing) => outgoing.end() },
  { what: "an empty end", write: (outgoing) => outgoing.end("") },
  { what: "a callback alone", write: (outgoing) => outgoing.end(() => {}) },
  { what: "a head alone", write: (outgoing) => outgoing.writeHead(202, { "X-A": "1" }).end() },
  { what: "a reason", write: (outgoing) => outgoing.writeHead(404, "Gone fishing").end("no") },
  {
    what: "a reason with fields",
    write: (outgoing) => outgoing.writeHead(404, "Gone fishing", { "X-A": "1" }).end("no"),
  },
  {
    what: "fields in turn",
    write: (outgoing) =>
      outgoing.writeHead(200, ["X-A", "1", "Set-Cookie", "a", "Set-Cookie", "b"])
        .end(),
  },
  {
    what: "fields that were set before",
    write: (outgoing) => {
      outgoing.setHeader("Set-Cookie", ["a", "b"]);
      outgoing.setHeader("X-Number", 1);
      outgoing.end("x");
    },
  },
  {
    what: "parts in many forms",
    write: (outgoing) => {
      outgoing.write("a");
      outgoing.write("");
      outgoing.write("62", "hex");
      outgoing.write(Buffer.from("c"), () => outgoing.end("ZA==", "base64"));
    },
  },
  {
    what: "parts over time",
    write: async (outgoing) => {
      outgoing.flushHeaders();
      for (const part of ["a", "b", "c"]) {
        await new Promise((resolve) => setImmediate(resolve));
        outgoing.write(part);
      }
      outgoing.end();
    },
  },
  { what: "2 MiB through a pipe", write: (outgoing) => pipeline(Readable.from(LARGE), outgoing) },
  { what: "no content", write: (outgoing) => outgoing.writeHead(204).end() },
  { what: "not modified", write: (outgoing) => outgoing.writeHead(304, { ETag: '"a"' }).end() },
  { what: "a HEAD", method: "HEAD", write: (outgoing) => outgoing.end("body") },
];

for (const { what, write, method } of WRITTEN) {
  for (const [how, change] of [["as it is", undefined], ["replaced", replaceBody]] as const) {
    test(`holdResponse() lets ${what} go ${how}`, async () => {
      const plain = await sendTo(
        (_request, outgoing) => void write(outgoing),
        new Request(REQUEST, { method: method ?? "GET" }),
      );
      const response = await held(write, change, method);
      assert.equal(response.status, plain.status);
      // How the length is told, and when it was sent, may differ.
      const fields = ({ headers }: Response) =>
        [...headers].filter(([name]) => !/^(date|content-length|transfer-encoding)$/.test(name));
      assert.deepEqual(fields(response), fields(plain));
      assert(
        Buffer.from(await response.arrayBuffer()).equals(Buffer.from(await plain.arrayBuffer())),
      );
    });
  }
}

test("holdResponse() sends the head and the body of what became of it", async () => {
  const response = await held(
    (outgoing) => outgoing.writeHead(200, { "X-A": "1", "X-B": "1" }).end("body"),
    () => new Response("other", { status: 403, headers: { "X-A": "2", "X-C": "3" } }),
  );
  assert.equal(response.status, 403);
  assert.deepEqual(["X-A", "X-B", "X-C"].map((name) => response.headers.get(name)), [
    "2",
    null,
    "3",
  ]);
  assert.equal(await response.text(), "other");
});

test("holdResponse() sends no body when none became of it", async () => {
  const response = await held((outgoing) => outgoing.end("body"), () => new Response(null));
  assert.equal(await response.text(), "");
});

test("holdResponse() tells the handler what it has written, before it was sent", async () => {
  const seen: unknown[] = [];
  await held((outgoing) => {
    seen.push(outgoing.headersSent, outgoing.writableEnded);
    outgoing.writeHead(200);
    seen.push(outgoing.headersSent, outgoing.writableEnded);
    outgoing.end("first");
    outgoing.end("second");
    seen.push(outgoing.headersSent, outgoing.writableEnded);
    outgoing.once("finish", () => seen.push(outgoing.headersSent, outgoing.writableEnded));
  });
  assert.deepEqual(seen, [false, false, true, false, true, true, true, true]);
});

for (
  const [how, change] of [["as it is", (r: Response) => r], ["replaced", replaceBody]] as const
) {
  test(`holdResponse() sends the head as soon as it is flushed, ${how}`, async () => {
    let outgoing: ServerResponse | undefined;
    const server = await listen((_request, response) => {
      outgoing = response;
      const { response: held, release } = holdResponse(response);
      held.then(change).then(release);
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.flushHeaders();
    });
    // Nothing was written yet: a client that waits for the head would wait for ever.
    const response = await fetch(server.origin);
    outgoing?.end("data: 1\n\n");
    assert.equal(await response.text(), "data: 1\n\n");
    await server.close();
  });
}

test("holdResponse() lets a writer go on when what it wrote was read", async () => {
  const line = `${"x".repeat(1023)}\n`;
  const response = await held(async (outgoing) => {
    let lines = 0;
    // In small parts, none of which makes the connection itself wait.
    do lines++; while (outgoing.write(line));
    await once(outgoing, "drain");
    outgoing.end(`${lines} lines`);
  }, replaceBody);
  const text = await response.text();
  assert.equal(text, line.repeat(64) + "64 lines");
});

test("holdResponse() has a writer wait for a client that does not read", async () => {
  const chunk = Buffer.alloc(256 * 1024);
  let written = 0;
  let tellFull = (): void => {};
  const full = new Promise<void>((resolve) => tellFull = resolve);
  const server = await listen((_request, outgoing) => {
    const { response, release } = holdResponse(outgoing);
    response.then(replaceBody).then(release);
    const more = () => {
      // Far more than the buffers of a connection hold.
      if (written < 128) {
        written++;
        if (outgoing.write(chunk)) setImmediate(more);
        else outgoing.once("drain", more);
      } else tellFull();
    };
    more();
  });
  const outgoing = request(server.origin).end();
  outgoing.on("error", () => {});
  await new Promise((resolve) => outgoing.once("response", resolve));
  const settled = new Promise<string>((resolve) => {
    full.then(() => resolve("not at all"));
    let seen = -1;
    let same = 0;
    const look = () => {
      same = written === seen ? same + 1 : 0;
      seen = written;
      if (same > 5000) resolve("waits");
      else setImmediate(look);
    };
    look();
  });
  assert.equal(await settled, "waits");
  outgoing.destroy();
  await server.close();
});

for (const path of ["/silent", "/written", "/replaced"]) {
  test(`holdResponse() ends with its client: ${path}`, async () => {
    const statuses: number[] = [];
    let outcome: Promise<void> | undefined;
    let written: ServerResponse | undefined;
    let tellAsked = (): void => {};
    const asked = new Promise<void>((resolve) => tellAsked = resolve);
    const server = await listen((_request, outgoing) => {
      written = outgoing;
      const { response, release } = holdResponse(outgoing);
      outcome = response.then((response) => {
        statuses.push(response.status);
        return release(path === "/replaced" ? replaceBody(response) : response);
      });
      if (path !== "/silent") outgoing.write("part");
      tellAsked();
    });
    const outgoing = request(server.origin + path).end();
    const answered = new Promise<void>((resolve) => outgoing.once("response", () => resolve()));
    const closed = new Promise<void>((resolve) => outgoing.once("close", resolve));
    outgoing.on("error", () => {});
    await (path === "/silent" ? asked : answered);
    outgoing.destroy();
    await closed;
    await outcome;
    // A writer that goes on is told that its part is done with, or why not.
    await new Promise<unknown>((resolve) => written?.write("late", resolve));
    assert.deepEqual(statuses, [path === "/silent" ? 499 : 200]);
    await server.close();
  });
}

test("holdResponse() ends the connection when the new body fails", async () => {
  const server = await listen((_request, outgoing) => {
    const { response, release } = holdResponse(outgoing);
    const failing = new ReadableStream({ pull: (controller) => controller.error(new Error()) });
    response.then(() => release(new Response(failing)));
    outgoing.end("body");
  });
  await assert.rejects(send(server.origin, REQUEST));
  await server.close();
});

test("holdResponse() wakes a writer that waits when the response below takes all at once", async () => {
  const response = await sendTo((_request, outgoing) => {
    // As middleware does that keeps everything for the end.
    const kept: Uint8Array[] = [];
    const end = outgoing.end.bind(outgoing);
    outgoing.write = (chunk: Uint8Array) => kept.push(chunk) > 0;
    outgoing.end = () => end(Buffer.concat(kept));
    const { response, release } = holdResponse(outgoing);
    response.then(release);
    pipeline(Readable.from(LARGE), outgoing);
  }, REQUEST);
  assert.equal((await response.arrayBuffer()).byteLength, 64 * 32 * 1024);
});
