/** Responses that another middleware has answered, or whose client has left, and odd statuses. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, test } from "node:test";
// @ts-types="@types/express"
import express5 from "express";
// @ts-types="@types/express"
import express4 from "express4";
import { auditCalls } from "@x/propelauth-mcp/audit";
import { requireAuth } from "../../../src/entries/express/mod.ts";
import { ACTIVE, createHarness, json } from "../../support/harness.ts";
import { listen, sendTo } from "../../support/node_server.ts";

const MAJORS: Record<string, typeof express5> = { "Express 5": express5, "Express 4": express4 };
const HEADERS = { "Authorization": "Bearer token-1" };

/** An app whose PropelAuth answers when the test lets it. */
async function createApp(express: typeof express5, before?: express5.RequestHandler) {
  const { promise: asked, resolve: onAsked } = createGate();
  const { promise: released, resolve: release } = createGate();
  const { auth } = createHarness({}, async () => {
    onAsked();
    await released;
    return json(ACTIVE);
  });
  const app = express();
  if (before) app.use(before);
  let called = 0;
  let failed: unknown;
  app.all("/mcp", requireAuth(auth), (_request, response) => {
    called++;
    response.json("reached");
  });
  // Express tells error handlers by their four parameters.
  const onError: express5.ErrorRequestHandler = (error, _request, _response, _next) => {
    failed = error;
  };
  app.use(onError);
  const server = await listen(app);
  after(server.close);
  return { url: `${server.origin}/mcp`, asked, release, outcome: () => ({ called, failed }) };
}

function createGate() {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => resolve = done);
  return { promise, resolve };
}

/** Lets the gate end with a request that nothing answers any more. */
async function settleTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
}

for (const audited of [false, true]) {
  test(`requireAuth() hands on what a next handler throws at once: ${audited ? "held" : "watched"}`, async () => {
    const { auth } = createHarness(audited ? { audit: auditCalls({ onCall: () => {} }) } : {});
    const middleware = requireAuth(auth);
    // Express catches such an error itself; node:http does not.
    const response = await sendTo(
      (incoming, outgoing) =>
        middleware(incoming, outgoing, (error) => {
          if (error === undefined) throw new Error("broken");
          outgoing.writeHead(500).end(String(error));
        }),
      new Request("http://h.example/mcp", { headers: HEADERS }),
    );
    assert.deepEqual([response.status, await response.text()], [500, "Error: broken"]);
  });
}

for (const [major, express] of Object.entries(MAJORS)) {
  test(`requireAuth() calls no handler when a middleware has answered: ${major}`, async () => {
    let answer = (): void => {};
    const app = await createApp(express, (_request, response, next) => {
      answer = () => void response.status(504).end("timeout");
      next();
    });
    const response = fetch(app.url, { headers: HEADERS });
    await app.asked;
    answer();
    assert.equal(await (await response).text(), "timeout");
    app.release();
    await settleTurns();
    assert.deepEqual(app.outcome(), { called: 0, failed: undefined });
  });

  test(`requireAuth() sends no refusal when a middleware has answered: ${major}`, async () => {
    const app = await createApp(express, (_request, response, next) => {
      response.status(504).end("timeout");
      next();
    });
    const response = await fetch(app.url);
    assert.deepEqual([response.status, await response.text()], [504, "timeout"]);
    await settleTurns();
    assert.deepEqual(app.outcome(), { called: 0, failed: undefined });
  });

  test(`requireAuth() calls no handler when the client has left: ${major}`, async () => {
    const { promise: closed, resolve: onClosed } = createGate();
    const app = await createApp(express, (_request, response, next) => {
      response.on("close", onClosed);
      next();
    });
    const client = request(app.url, { headers: HEADERS }).on("error", () => {}).end();
    await app.asked;
    client.destroy();
    await closed;
    app.release();
    await settleTurns();
    assert.deepEqual(app.outcome(), { called: 0, failed: undefined });
  });

  for (const status of [299, 599, 600, 999]) {
    test(`requireAuth() passes on the status ${status}: ${major}`, async () => {
      const { auth } = createHarness();
      const app = express();
      app.all("/mcp", requireAuth(auth), (_request, response) => {
        response.writeHead(status, "Own", { "X-Own": "1" }).end("own");
      });
      const server = await listen(app);
      after(server.close);
      const answer = await new Promise<[unknown, unknown, unknown]>((resolve, reject) => {
        request(`${server.origin}/mcp`, { headers: HEADERS }, (incoming) => {
          let text = "";
          incoming.on("data", (bytes) => text += bytes);
          incoming.on("end", () => resolve([incoming.statusCode, incoming.headers["x-own"], text]));
        }).on("error", reject).end();
      });
      assert.deepEqual(answer, [status, "1", "own"]);
    });
  }

  test(`requireAuth() answers a body that is too long, and the next request: ${major}`, async () => {
    const { auth } = createHarness({ operations: {} });
    const app = express();
    app.all("/mcp", requireAuth(auth), (_request, response) => void response.json("reached"));
    const server = await listen(app);
    after(server.close);
    const init = { method: "POST", headers: { ...HEADERS, "Content-Type": "application/json" } };
    const long = JSON.stringify("a".repeat(6 * 1024 * 1024));
    for (const [body, status] of [[long, 413], ['{"jsonrpc":"2.0","method":"a"}', 200]] as const) {
      const response = await fetch(`${server.origin}/mcp`, { ...init, body });
      await response.text();
      assert.equal(response.status, status);
    }
  });
}
