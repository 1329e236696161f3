/**
 * The transport matrix: every server of `transports.ts` behind `handler()`, with every client that
 * can speak to it, over a network that the caller brings.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startLocalPropelAuth } from "@x/propelauth-local";
import { createPropelAuth, type RequestHandler } from "@x/propelauth-mcp";
import { auditCalls, type CallEvent } from "@x/propelauth-mcp/audit";
import { CLIENTS, type Connected, type Endpoint, type Served, SERVERS } from "./transports.ts";

/** A server that is reachable while a test runs. */
export interface Serving extends Endpoint {
  close(): Promise<void>;
}

/** Serves a handler; `create` gets the origin that the network has chosen. */
export type Serve = (create: (origin: string) => RequestHandler) => Promise<Serving>;

/** The requests that the gate has admitted. */
interface Log {
  readonly requests: Request[];
  /** Resolves when a standing stream is open. */
  readonly streamOpened: Promise<void>;
}

/** A protected server of the matrix, and two users with tokens. */
interface Running extends Serving, Log {
  readonly served: Served;
  /** Lets the tools answer: the client has received their progress. */
  readonly onReceived: () => void;
  readonly users: readonly { id: string; token: string }[];
}

const VERSION_WITH_BATCHES = "2025-03-26";

/**
 * Declares the tests of one network.
 *
 * @param network Its name in the titles.
 * @param serve Serves a handler on it.
 * @param options `isAudited`: each test also checks that all calls are recorded, each once.
 */
export async function testTransports(
  network: string,
  serve: Serve,
  { isAudited = false }: { isAudited?: boolean } = {},
): Promise<void> {
  const local = await startLocalPropelAuth({ log: () => {} });
  // On Node an open server keeps the process from ending.
  after(() => local.close());

  /** Runs a test against a protected server. */
  async function running(
    { create }: (typeof SERVERS)[number],
    act: (running: Running) => Promise<void>,
  ): Promise<void> {
    const requests: Request[] = [];
    let onOpened = (): void => {};
    const streamOpened = new Promise<void>((resolve) => onOpened = resolve);
    let onReceived = (): void => {};
    const received = new Promise<void>((resolve) => onReceived = resolve);
    let served: Served | undefined;
    let resource = "";
    const called: unknown[] = [];
    const events: CallEvent[] = [];
    let endCalls = (): Promise<void> => Promise.resolve();
    const serving = await serve((baseUrl) => {
      const { authUrl, introspectionClientId, introspectionClientSecret } = local;
      const auth = createPropelAuth({
        authUrl,
        introspectionClientId,
        introspectionClientSecret,
        baseUrl,
        ...(isAudited && { audit: auditCalls({ onCall: (event) => events.push(event) }) }),
      });
      endCalls = () => auth.close();
      const { mcp } = served = create({ auth, received });
      resource = auth.resourceMetadata.resource;
      return auth.handler(async (request, options) => {
        requests.push(request);
        called.push(...[options.parsedBody].flat().map(methodAndId).filter((one) => one !== "[]"));
        const response = await mcp(request, options);
        if (response.ok && isStanding(request)) onOpened();
        return response;
      });
    });
    try {
      const users = await Promise.all(
        local.users.slice(0, 2).map(async ({ id }) => ({
          id,
          token: await local.mintToken({ subject: id, resource }),
        })),
      );
      await act({
        ...serving,
        requests,
        streamOpened,
        onReceived,
        users,
        served: served ?? assert.fail(),
      });
    } finally {
      await serving.close();
    }
    if (!isAudited) return;
    await endCalls();
    assert.equal(called.length > 0, requests.length > 0);
    assert.deepEqual(events.map(methodAndId).sort(), called.sort());
    const tools = events.filter(({ method }) => method === "tools/call");
    assert.deepEqual(
      new Set(tools.map(({ outcome }) => outcome)),
      new Set(tools.length ? ["ok"] : []),
    );
    assert(events.every(({ clientId, subject }) => clientId !== "" && subject !== undefined));
  }

  for (const row of SERVERS) {
    const { server } = row;

    for (const { client, connect, era, strict } of CLIENTS) {
      const pair = `${client}, ${server}, ${network}`;
      const abilities = era === "modern" && row.modern ? row.modern : row.legacy;
      const speaks = era === "modern" && row.modern ? "modern" : "legacy";

      /** Runs a test as both users, connected. */
      const connected = (
        act: (clients: Connected[], running: Running) => Promise<void>,
        onChanged = () => {},
      ) =>
        running(row, async (server) => {
          const clients = await Promise.all(
            server.users.map(({ token }) => connect(server, token, onChanged)),
          );
          await act(clients, server);
          for (const client of clients) await client.close();
        });

      if (strict && !row.modern) {
        test(`handler() passes the request on when the server does not know the client's protocol: ${pair}`, () =>
          running(row, async (server) => {
            await assert.rejects(connect(server, server.users[0]?.token ?? "", () => {}));
            assert(server.requests.length > 0, "the gate let the client in");
          }));
        continue;
      }

      test(`getAccessToken() returns each caller in a tool when two are connected: ${pair}`, () =>
        connected(async (clients, { users }) => {
          const texts = await Promise.all(
            clients.map(async (one) => (await one.call("whoami")).text),
          );
          assert.deepEqual(texts, users.map(({ id }) => JSON.stringify([id, id])));
          assert.deepEqual(clients.map(({ era }) => era), [speaks, speaks]);
          assert.equal(clients[0]?.hasSession, abilities.sessions);
        }));

      test(`handler() refuses when the client has no token: ${pair}`, () =>
        running(row, async (server) => {
          await assert.rejects(connect(server, "", () => {}));
          assert.deepEqual(server.requests, []);
        }));

      test(`handler() passes progress on when a call is still running: ${pair}`, () =>
        connected(async (clients, { users, onReceived }) => {
          // The tools answer only after this, so the test hangs if the gate buffers the response.
          let missing = clients.length;
          const onProgress = (progress: number) =>
            progress === 3 && --missing === 0 && onReceived();
          if (!abilities.streams) onReceived();
          const answers = await Promise.all(clients.map((one) => one.call("stream", onProgress)));
          const progress = abilities.streams ? [1, 2, 3] : [];
          assert.deepEqual(answers, users.map(({ id }) => ({ text: id, progress })));
        }));

      if (abilities.sessions) {
        test(`handler() lets a client resume when its stream breaks off: ${pair}`, () =>
          connected(async (clients, { users, requests }) => {
            const answers = await Promise.all(clients.map((one) => one.call("resume")));
            assert.deepEqual(answers, users.map(({ id }) => ({ text: id, progress: [1, 2] })));
            const resumed = requests.filter(({ headers }) => headers.has("Last-Event-ID"));
            assert.equal(resumed.length, 2);
          }));
      }

      if (abilities.sessions || speaks === "modern") {
        test(`handler() passes notifications on when a standing stream is open: ${pair}`, async () => {
          let onChanged = (): void => {};
          const changed = new Promise<void>((resolve) => onChanged = resolve);
          await connected(async (_clients, { served, streamOpened }) => {
            await streamOpened;
            served.announce();
            await changed;
          }, () => onChanged());
        });
      }
    }

    test(`handler() answers for the caller when a batch arrives: ${server}, ${network}`, () =>
      running(row, async ({ url, fetch, users }) => {
        const [{ token, id: user } = assert.fail(), other = assert.fail()] = users;
        const post = (token: string, body: unknown, session: string | null) =>
          fetch(url, {
            method: "POST",
            headers: {
              "Authorization": `Bearer ${token}`,
              "Content-Type": "application/json",
              "Accept": "application/json, text/event-stream",
              "MCP-Protocol-Version": VERSION_WITH_BATCHES,
              ...(session !== null && { "Mcp-Session-Id": session }),
            },
            body: JSON.stringify(body),
          });
        const opened = await post(token, INITIALIZE, null);
        assert.equal(
          (await readMessages(opened))[0]?.result?.protocolVersion,
          VERSION_WITH_BATCHES,
        );
        const session = opened.headers.get("Mcp-Session-Id");
        assert.equal(session !== null, row.legacy.sessions);

        const answered = await post(token, BATCH, session);
        const messages = await readMessages(answered);
        const texts = messages.map(({ id, result }) => [id, result?.content?.[0]?.text]);
        const caller = JSON.stringify([user, user]);
        assert.deepEqual(texts.sort(), [["one", caller], ["two", caller]]);

        assert.equal((await post("", BATCH, session)).status, 401);
        if (session !== null) assert.equal((await post(other.token, BATCH, session)).status, 404);
      }));

    if (row.legacy.sessions) {
      test(`handler() answers 404 when another caller uses a session: ${server}, ${network}`, () =>
        running(
          row,
          async ({ url, fetch, users: [mine = assert.fail(), other = assert.fail()] }) => {
            const send = (
              method: string,
              token: string,
              headers: Record<string, string>,
              body?: unknown,
            ) =>
              fetch(url, {
                method,
                headers: {
                  "Authorization": `Bearer ${token}`,
                  "Content-Type": "application/json",
                  "Accept": "application/json, text/event-stream",
                  ...headers,
                },
                ...(body !== undefined && { body: JSON.stringify(body) }),
              });
            const opened = await send("POST", mine.token, {}, INITIALIZE);
            const [message] = await readMessages(opened);
            const version = message?.result?.protocolVersion ?? assert.fail();
            const id = opened.headers.get("Mcp-Session-Id") ?? assert.fail();
            const session = { "Mcp-Session-Id": id, "MCP-Protocol-Version": version };
            for (
              const [method, headers, body] of [
                ["POST", session, BATCH[0]],
                ["GET", session],
                ["GET", { ...session, "Last-Event-ID": "1" }],
                ["DELETE", session],
              ] as const
            ) {
              const refused = await send(method, other.token, headers, body);
              assert.equal(refused.status, 404, `${method} of another caller`);
              await refused.body?.cancel();
            }
            const kept = await send("POST", mine.token, session, BATCH[0]);
            assert.equal((await readMessages(kept))[0]?.id, "one");
            assert.equal((await send("DELETE", mine.token, session)).status, 200);
          },
        ));
    }
  }
}

/** A call as a text; a notification has no id, an answer no method. */
function methodAndId(call: unknown): string {
  const { method, requestId, id = requestId } = Object(call);
  return JSON.stringify(method === undefined ? [] : [method, id ?? null]);
}

/** Whether a request opens a standing stream. */
function isStanding({ method, headers }: Request): boolean {
  return method === "GET"
    ? !headers.has("Last-Event-ID")
    : headers.get("Mcp-Method") === "subscriptions/listen";
}

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: {
    protocolVersion: VERSION_WITH_BATCHES,
    capabilities: {},
    clientInfo: { name: "batches", version: "1.0.0" },
  },
};

const BATCH = ["one", "two"].map((id) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name: "whoami", arguments: {} },
}));

interface Message {
  id?: unknown;
  result?: { protocolVersion?: string; content?: { text: string }[] };
}

/** The messages of a response: JSON of one or of several, or a stream of events. */
async function readMessages(response: Response): Promise<Message[]> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  if (!/^text\/event-stream/.test(response.headers.get("Content-Type") ?? "")) {
    return [JSON.parse(text)].flat();
  }
  return [...text.matchAll(/^data: (.+)$/gm)].flatMap(([, data = ""]) => JSON.parse(data));
}
