import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, test } from "node:test";
// @ts-types="@types/compression"
import compression from "compression";
// @ts-types="@types/express"
import express5 from "express";
// @ts-types="@types/express"
import express4 from "express4";
import { Client as ClientV2, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer as McpServerV2 } from "@modelcontextprotocol/server";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/index"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport as ClientTransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/sse"
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/streamableHttp"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { PropelAuth } from "../../../src/propel_auth.ts";
import { metadataRoutes, requireAuth } from "../../../src/entries/express/mod.ts";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import { listen, type NodeServer, send } from "../../support/node_server.ts";
import {
  ACTIVE,
  createHarness,
  type Harness,
  json,
  mcpRequest,
  NOW,
  RESOURCE,
} from "../../support/harness.ts";

const ORIGIN = "https://mcp.example.com";
const MAJORS: Record<string, typeof express5> = { "Express 5": express5, "Express 4": express4 };

/** Serves an app for the length of a test. */
async function serve(app: express5.Express): Promise<NodeServer> {
  const server = await listen(app);
  after(server.close);
  return server;
}

/** A whole PropelAuth whose tokens say whom they are of. */
function createAuth(options: Partial<PropelAuthOptions> = {}): Harness {
  return createHarness(options, (token) => json({ ...ACTIVE, sub: `of-${token}` }));
}

/** The caller as a tool sees it: as ambient context, and as the SDK hands it on. */
function tell(auth: PropelAuth, authInfo: { extra?: Record<string, unknown> } | undefined) {
  const seen = [auth.getAccessToken()?.subject, authInfo?.extra?.["subject"]];
  return { content: [{ type: "text" as const, text: JSON.stringify(seen) }] };
}

const SERVERS: Record<string, (auth: PropelAuth) => express5.RequestHandler> = {
  "SDK v1": (auth) => async (request, response) => {
    const server = new McpServerV1({ name: "v1", version: "1.0.0" });
    server.registerTool("whoami", {}, (extra) => tell(auth, extra.authInfo));
    const transport = new StreamableHTTPServerTransport({});
    // The SDK's own types disagree with exactOptionalPropertyTypes.
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    await transport.handleRequest(request, response, request.body);
  },
  "SDK v2": (auth) => {
    const handler = toNodeHandler(createMcpHandler(() => {
      const server = new McpServerV2({ name: "v2", version: "1.0.0" });
      server.registerTool("whoami", {}, (context) => tell(auth, context.http?.authInfo));
      return server;
    }));
    return (request, response) => handler(request, response, request.body);
  },
};

const PARSERS: Record<string, (guard: express5.RequestHandler) => express5.RequestHandler[]> = {
  "no body parser": (guard) => [guard],
  "a body parser before the gate": (guard) => [express5.json(), guard],
  "a body parser behind the gate": (guard) => [guard, express5.json()],
};

/** Calls the tool, and returns the caller as the tool sees it. */
async function whoami(url: string, token: string, major: "v1" | "v2"): Promise<unknown> {
  const options = { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
  const info = { name: "test", version: "1.0.0" };
  if (major === "v1") {
    const client = new ClientV1(info);
    const transport = new ClientTransportV1(new URL(url), options);
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    const { content } = await client.callTool({ name: "whoami" });
    await client.close();
    return content;
  }
  const client = new ClientV2(info, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), options));
  const { content } = await client.callTool({ name: "whoami" });
  await client.close();
  return content;
}

for (const [major, express] of Object.entries(MAJORS)) {
  for (const [sdk, createMcp] of Object.entries(SERVERS)) {
    for (const [parser, arrange] of Object.entries(PARSERS)) {
      test(`requireAuth() serves clients of both SDKs: ${major}, ${sdk}, ${parser}`, async () => {
        const { auth } = createAuth();
        const app = express();
        app.all("/mcp", ...arrange(requireAuth(auth)), createMcp(auth));
        const { origin } = await serve(app);
        const calls = await Promise.all([
          whoami(`${origin}/mcp`, "a", "v1"),
          whoami(`${origin}/mcp`, "b", "v2"),
          whoami(`${origin}/mcp`, "c", "v2"),
        ]);
        const text = (name: string) => [{ type: "text", text: `["of-${name}","of-${name}"]` }];
        assert.deepEqual(calls, [text("a"), text("b"), text("c")]);
      });
    }
  }
}

/** An endpoint that is let through to one handler, in each major. */
function protect(
  express: typeof express5,
  auth: PropelAuth,
  ...handlers: express5.RequestHandler[]
): express5.Express {
  const app = express();
  app.use(metadataRoutes(auth));
  app.all("/mcp", requireAuth(auth), ...handlers);
  return app;
}

for (const [major, express] of Object.entries(MAJORS)) {
  test(`requireAuth() hands on the caller and hides the credentials: ${major}`, async () => {
    const { auth } = createAuth();
    const { origin } = await serve(protect(express, auth, (request, response) => {
      response.json([
        Reflect.get(request, "auth"),
        request.headers,
        request.rawHeaders,
        request.headersDistinct,
      ]);
    }));
    const text = await (await send(origin, mcpRequest("token-1"))).text();
    const [caller, headers] = JSON.parse(text);
    assert.equal(caller.subject, "of-token-1");
    assert.equal(headers.host, "mcp.example.com");
    assert.doesNotMatch(text, /authorization|Bearer token|"token-1"/i);
  });

  test(`requireAuth() gives interleaved callers themselves: ${major}`, async () => {
    const { auth } = createAuth();
    const { origin } = await serve(protect(express, auth, async (request, response) => {
      await new Promise((resolve) => setImmediate(resolve));
      response.json([auth.getAccessToken()?.subject, Reflect.get(request, "auth")?.token]);
    }));
    const tokens = Array.from({ length: 50 }, (_, i) => `token-${i}`);
    const seen = await Promise.all(tokens.map(async (token) => {
      return await (await send(origin, mcpRequest(token))).json();
    }));
    assert.deepEqual(seen, tokens.map((token) => [`of-${token}`, token]));
    assert.equal(auth.getAccessToken(), undefined);
  });

  test(`requireAuth() calls the next handler in the same tick for a known token: ${major}`, async () => {
    const { auth } = createAuth({ tokenIntrospectionOverrides: { cacheTtlSeconds: 60 } });
    const app = express();
    let isSameTick = false;
    app.use((_request, _response, next) => {
      isSameTick = true;
      queueMicrotask(() => isSameTick = false);
      next();
    });
    app.all("/mcp", requireAuth(auth), (_request, response) => void response.json(isSameTick));
    const { origin } = await serve(app);
    const seen = [];
    for (let call = 0; call < 2; call++) {
      seen.push(await (await send(origin, mcpRequest("token-1"))).json());
    }
    assert.deepEqual(seen, [false, true]);
  });

  test(`requireAuth() guards whatever it is mounted on: ${major}`, async () => {
    const { auth } = createAuth();
    const app = express();
    app.get("/api/me", requireAuth(auth), (_request, response) => {
      response.send(auth.getAccessToken()?.subject);
    });
    const { origin } = await serve(app);
    const headers = { Authorization: "Bearer a" };
    const refused = await send(origin, new Request(`${ORIGIN}/api/me`));
    assert.equal(refused.status, 401);
    const passed = await send(origin, new Request(`${ORIGIN}/api/me`, { headers }));
    assert.equal(await passed.text(), "of-a");
  });

  test(`requireAuth() keeps the endpoints of organizations apart: ${major}`, async () => {
    const { auth } = createHarness(
      { mcpPath: "/o/{orgId}/mcp" },
      () => json({ ...ACTIVE, org_id: "acme", aud: `${ORIGIN}/o/acme/mcp` }),
    );
    const app = express();
    app.use(metadataRoutes(auth));
    app.use(requireAuth(auth), (_request, response) => void response.send("reached"));
    const { origin } = await serve(app);
    const ask = async (path: string) => {
      const headers = { Authorization: "Bearer a" };
      const response = await send(origin, new Request(ORIGIN + path, { headers }));
      return [response.status, (await response.text()).includes("reached")];
    };
    assert.deepEqual(await ask("/o/acme/mcp"), [200, true]);
    assert.deepEqual(await ask("/o/other/mcp"), [401, false]);
    assert.deepEqual(await ask("/mcp"), [404, false]);
    const metadata = await ask("/.well-known/oauth-protected-resource/o/acme/mcp");
    assert.deepEqual(metadata, [200, false]);
  });

  test(`requireAuth() works where it is mounted, metadata stays at the root: ${major}`, async () => {
    const { auth } = createHarness({ baseUrl: `${ORIGIN}/v1` }, () => {
      return json({ ...ACTIVE, aud: `${ORIGIN}/v1/mcp` });
    });
    const app = express();
    const router = express.Router();
    router.all("/mcp", requireAuth(auth), (request, response) => {
      response.send(`${request.baseUrl} ${request.url}`);
    });
    app.use(metadataRoutes(auth));
    app.use("/v1", router);
    const { origin } = await serve(app);
    const ask = (path: string, headers: HeadersInit = {}) =>
      send(origin, new Request(ORIGIN + path, { headers }));
    const refused = await ask("/v1/mcp");
    const metadata = `${ORIGIN}/.well-known/oauth-protected-resource/v1/mcp`;
    const challenge = `Bearer resource_metadata="${metadata}"`;
    assert.equal(refused.headers.get("WWW-Authenticate"), challenge);
    assert.deepEqual(await (await ask(new URL(metadata).pathname)).json(), auth.resourceMetadata);
    const passed = await ask("/v1/mcp?a=b", { Authorization: "Bearer token-1" });
    assert.equal(await passed.text(), "/v1 /mcp?a=b");
    assert.equal((await ask("/mcp", { Authorization: "Bearer token-1" })).status, 404);
  });

  test(`requireAuth() believes no forwarded header, trust proxy or not: ${major}`, async () => {
    const forwarded = {
      "X-Forwarded-Host": "localhost",
      "X-Forwarded-Proto": "http",
      "X-Forwarded-For": "127.0.0.1",
      "Forwarded": "host=localhost;proto=http",
    };
    for (const trust of [true, false]) {
      const app = protect(express, createAuth().auth);
      app.set("trust proxy", trust);
      const { origin } = await serve(app);
      const plain = await send(origin, mcpRequest(null));
      const proxied = await send(origin, mcpRequest(null, { headers: forwarded }));
      assert.equal(
        proxied.headers.get("WWW-Authenticate"),
        plain.headers.get("WWW-Authenticate"),
      );
      const local = protect(express, createAuth({ baseUrl: "http://127.0.0.1:8000" }).auth);
      local.set("trust proxy", trust);
      const { origin: localOrigin } = await serve(local);
      const evil = new Request("http://evil.example/mcp", { headers: forwarded });
      assert.equal((await send(localOrigin, evil)).status, 403);
    }
  });

  test(`requireAuth() keeps a session to its caller where each method has a route: ${major}`, async () => {
    const { auth } = createAuth();
    const app = express();
    app.post("/mcp", requireAuth(auth), (_request, response) => {
      response.writeHead(200, { "Mcp-Session-Id": "session-1" }).end();
    });
    app.get("/mcp", requireAuth(auth), (_request, response) => void response.end("a stream"));
    const { origin } = await serve(app);
    const headers = { "Mcp-Session-Id": "session-1" };
    await send(origin, mcpRequest("token-1"));
    const statuses = [];
    for (const token of ["token-1", "token-2"]) {
      statuses.push((await send(origin, mcpRequest(token, { method: "GET", headers }))).status);
    }
    assert.deepEqual(statuses, [200, 404]);
  });

  test(`requireAuth() keeps a session to the caller that got it: ${major}`, async () => {
    const { auth } = createAuth();
    const { origin } = await serve(protect(express, auth, (_request, response) => {
      response.writeHead(200, { "Mcp-Session-Id": "session-1" }).end();
    }));
    const headers = { "Mcp-Session-Id": "session-1" };
    assert.equal((await send(origin, mcpRequest("a"))).status, 200);
    assert.equal((await send(origin, mcpRequest("a", { headers }))).status, 200);
    const other = await send(origin, mcpRequest("b", { headers }));
    assert.equal(other.status, 404);
    assert.match(await other.text(), /Session not found/);
  });

  test(`requireAuth() lets a handler write to the client itself where the gate changes nothing: ${major}`, async () => {
    const { auth } = createAuth();
    const app = express();
    const seen: unknown[] = [];
    app.all("/mcp", requireAuth(auth), (request, response) => {
      response.write("a part");
      // A response that is held back has a method of its own for each of these.
      seen.push([request.headers.origin, Object.hasOwn(response, "write")]);
      response.end();
    });
    const { origin } = await serve(app);
    for (const headers of [{}, { Origin: ORIGIN }]) {
      const response = await send(origin, mcpRequest("a", { headers }));
      assert.equal(await response.text(), "a part");
    }
    assert.deepEqual(seen, [[undefined, false], [ORIGIN, true]]);
  });

  test(`requireAuth() keeps the session of an HTTP+SSE stream to its caller: ${major}`, async () => {
    const codes: string[] = [];
    const { auth } = createAuth({ onEvent: ({ code }) => void codes.push(code) });
    const app = express();
    const transports = new Map<unknown, SSEServerTransport>();
    app.get("/mcp", requireAuth(auth), async (_request, response) => {
      const transport = new SSEServerTransport("/messages", response);
      transports.set(transport.sessionId, transport);
      const server = new McpServerV1({ name: "v1", version: "1.0.0" });
      // The SDK's own types disagree with exactOptionalPropertyTypes.
      await server.connect(transport as Parameters<typeof server.connect>[0]);
    });
    app.post("/messages", requireAuth(auth), async (request, response) => {
      await transports.get(request.query["sessionId"])?.handlePostMessage(request, response);
    });
    const { origin } = await serve(app);
    const headers = { Authorization: "Bearer ann" };
    const stream = await fetch(`${origin}/mcp`, { headers });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const path = /data: (.*)/.exec((await reader?.read())?.value ?? "")?.[1];
    const post = (token: string) => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: token, method: "ping" });
      const headers = { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" };
      return fetch(`${origin}${path}`, { method: "POST", headers, body });
    };
    const refused = await post("bob");
    assert.equal(refused.status, 404);
    assert.match(await refused.text(), /Session not found/);
    assert(codes.includes("session_refused"));
    assert.equal((await post("ann")).status, 202);
    assert.match((await reader?.read())?.value ?? "", /"id":"ann"/);
    await reader?.cancel();
  });

  test(`requireAuth() ends a standing stream with its token: ${major}`, async () => {
    const { auth, world } = createAuth();
    let tellClosed = (): void => {};
    const closed = new Promise<void>((resolve) => tellClosed = resolve);
    const { origin } = await serve(protect(express, auth, (_request, response) => {
      response.once("close", tellClosed);
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("data: 1\n\n");
    }));
    const headers = { Authorization: "Bearer token-1" };
    const response = await fetch(`${origin}/mcp`, { headers });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.deepEqual(await reader?.read(), { done: false, value: "data: 1\n\n" });
    world.advance(Number(ACTIVE["exp"]) - NOW);
    assert.deepEqual(await reader?.read(), { done: true, value: undefined });
    await closed;
    assert.equal(world.timers, 0);
  });

  test(`requireAuth() adds what browsers need to what others set: ${major}`, async () => {
    const app = express();
    app.use((_request, response, next) => {
      response.set({ "Vary": "Accept-Encoding", "Access-Control-Allow-Origin": "*", "X-Own": "1" });
      response.cookie("a", "1").cookie("b", "2");
      next();
    });
    const { auth } = createAuth();
    app.all("/mcp", requireAuth(auth), () => {
      throw new Error("of the tool");
    });
    const seen: unknown[] = [];
    const tellError: express5.ErrorRequestHandler = (error, _request, response, _next) => {
      seen.push(error.message, response.headersSent);
      response.status(500).send("failed");
    };
    app.use(tellError);
    const { origin } = await serve(app);
    const headers = { "Origin": ORIGIN };
    for (const [token, status] of [[null, 401], ["token-1", 500]] as const) {
      const response = await send(origin, mcpRequest(token, { headers }));
      assert.equal(response.status, status);
      assert.equal(response.headers.get("Access-Control-Allow-Origin"), ORIGIN);
      assert.match(response.headers.get("Vary") ?? "", /Accept-Encoding, Origin/);
      assert.match(response.headers.get("Set-Cookie") ?? "", /a=1.*b=2/);
      assert.equal(response.headers.get("X-Own"), "1");
    }
    assert.deepEqual(seen, ["of the tool", false]);
  });

  test(`requireAuth() refuses what is no web request: ${major}`, async () => {
    const { auth, asked } = createAuth();
    const { origin } = await serve(protect(express, auth, (_request, response) => {
      response.send("reached");
    }));
    const requests: [method: string, authorization: string[]][] = [
      ["TRACE", ["Bearer token-1"]],
      ["POST", ["Bearer token-1", "Bearer token-2"]],
    ];
    for (const [method, authorization] of requests) {
      const headers = authorization.flatMap((value) => ["Authorization", value]);
      const outgoing = request(`${origin}/mcp`, { method, headers: ["Host", "h", ...headers] })
        .end();
      const [incoming] = await once(outgoing, "response");
      assert.equal(incoming.statusCode, 400);
      incoming.resume();
    }
    assert.deepEqual(asked, []);
  });

  test(`requireAuth() gets along with middleware that compresses: ${major}`, async () => {
    const text = "the same again ".repeat(1000);
    for (const behind of [false, true]) {
      const { auth } = createAuth();
      const app = express();
      const guard = requireAuth(auth);
      const order = behind ? [guard, compression()] : [compression(), guard];
      app.all("/mcp", ...order, (_request, response) => {
        response.type("text/plain");
        response.write(text);
        response.end(text);
      });
      const { origin } = await serve(app);
      const response = await send(
        origin,
        mcpRequest("token-1", { headers: { "Accept-Encoding": "gzip", "Origin": ORIGIN } }),
      );
      assert.equal(response.headers.get("Content-Encoding"), "gzip");
      assert.equal(response.headers.get("Access-Control-Allow-Origin"), ORIGIN);
      const body = response.body?.pipeThrough(new DecompressionStream("gzip"));
      assert.equal(await new Response(body ?? null).text(), text + text);
    }
  });

  test(`requireAuth() holds the answer of an app that is mounted behind it: ${major}`, async () => {
    const { auth } = createAuth();
    const mounted = express();
    mounted.use((_request, response) => {
      response.json([response.headersSent, auth.getAccessToken()?.subject]);
    });
    const app = express();
    app.use("/mcp", requireAuth(auth), mounted);
    const { origin } = await serve(app);
    const response = await send(origin, mcpRequest("a", { headers: { "Origin": ORIGIN } }));
    assert.deepEqual(await response.json(), [false, "of-a"]);
    assert.equal(response.headers.get("Access-Control-Allow-Origin"), ORIGIN);
  });

  test(`requireAuth() keeps the session of an app that is mounted behind it: ${major}`, async () => {
    const { auth } = createAuth();
    const mounted = express();
    mounted.use((_request, response) => void response.set("Mcp-Session-Id", "session-1").end());
    const app = express();
    app.use("/mcp", requireAuth(auth), mounted);
    const { origin } = await serve(app);
    const headers = { "Mcp-Session-Id": "session-1" };
    const statuses = [];
    for (const token of ["a", "a", "b"]) {
      statuses.push((await send(origin, mcpRequest(token, { headers }))).status);
    }
    assert.deepEqual(statuses, [200, 200, 404]);
  });

  test(`metadataRoutes() passes on whatever is no metadata: ${major}`, async () => {
    const { auth } = createAuth();
    const app = express();
    app.use(metadataRoutes(auth));
    app.use((request, response) => void response.send(request.originalUrl));
    const { origin } = await serve(app);
    for (
      const path of ["/", "/mcp", "/.well-known/other", "/.well-known/oauth-authorization-server"]
    ) {
      assert.equal(await (await send(origin, new Request(ORIGIN + path))).text(), path);
    }
    for (const path of ["", "/mcp", "/mcp/"]) {
      const url = `${ORIGIN}/.well-known/oauth-protected-resource${path}`;
      const { resource } = await (await send(origin, new Request(url))).json();
      assert.equal(resource, RESOURCE);
    }
  });
}

for (const [major, express] of Object.entries(MAJORS)) {
  test(`requireAuth() lets nobody in at an organization that the router reads otherwise, in ${major}`, async () => {
    const aud = `${ORIGIN}/o/b/mcp`;
    const { auth } = createHarness(
      { mcpPath: "/o/{orgId}/mcp" },
      () => json({ ...ACTIVE, aud, org_id: "b" }),
    );
    const app = express().use("/o/:orgId/mcp", requireAuth(auth), (incoming, response) => {
      response.send(`let in at ${incoming.params["orgId"]}`);
    });
    const { origin } = await serve(app);
    const paths: [path: string, status: number][] = [
      ["/o/b/mcp", 200],
      ["/o/a/mcp", 401],
      ["/o/a/mcp/../../b/mcp", 400],
      ["/o/a/mcp/%2e%2E/../b/mcp", 400],
    ];
    for (const [path, status] of paths) {
      // The URL is that of a client which sends it as it is.
      const headers = { host: "mcp.example.com", authorization: "Bearer token-1" };
      const outgoing = request(origin, { path, headers, agent: false }).end();
      const [incoming] = await once(outgoing, "response");
      incoming.resume();
      assert.equal(incoming.statusCode, status, path);
    }
  });
}

const WRONG_ARGUMENTS: [what: string, args: unknown[], says: string][] = [
  [
    "a request, since Express was given the function itself",
    [{ url: "/mcp", headers: {} }, {}, () => {}],
    "a result of createPropelAuth(): received a request: give Express NAME(auth), not NAME",
  ],
  ["nothing", [], "a result of createPropelAuth(): received undefined"],
  [
    "a handler",
    [() => new Response()],
    "a result of createPropelAuth(): received a function, not its result",
  ],
  [
    "options of its own",
    [createHarness().auth, { requiredScopes: ["admin"] }],
    "the only argument, since createPropelAuth() takes the options: received 2 arguments",
  ],
];

for (const [name, create] of Object.entries({ requireAuth, metadataRoutes })) {
  for (const [what, args, says] of WRONG_ARGUMENTS) {
    test(`${name}() names the mistake when it is given ${what}`, () => {
      assert.throws(() => Reflect.apply(create, undefined, args), {
        name: "TypeError",
        message: `Cannot create ${name}(): auth must be ${says.replaceAll("NAME", name)}`,
      });
    });
  }
}
