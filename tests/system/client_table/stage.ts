/**
 * Everything around a client: a protected MCP server, the recording PropelAuth, and the user at the
 * browser. The scenarios cause its faults.
 *
 * @module
 */
import { authorizeAs } from "@x/propelauth-local";
import { createPropelAuth, type RequestHandler } from "@x/propelauth-mcp";
import { POLICY, SCOPES } from "./policy.ts";
import { type RecordingPropelAuth, startRecordingPropelAuth } from "./recorder.ts";
import { serveSessions, serveStateless } from "./servers.ts";

const OWNER = "owner@acme.example";

/** A request to the MCP endpoint. */
export interface Recorded {
  readonly method: string;
  /** The JSON-RPC method with the protocol version that the request names. */
  readonly call: string;
  readonly authorized: boolean;
  readonly status: number;
}

/** The running servers of one scenario. */
export interface Stage extends AsyncDisposable {
  readonly propelAuth: RecordingPropelAuth;
  readonly mcpUrl: string;
  /** A request `GET {browserUrl}?url=…` does what the user at the browser does. */
  readonly browserUrl: string;
  /** The authorization URLs that clients opened, in order. */
  readonly opened: readonly URL[];
  readonly requests: readonly Recorded[];
  /** The scopes that the user allows; when absent, every scope that is asked for. */
  allow: string[] | undefined;
  /** Issues a token without a login, for clients without OAuth. */
  mintToken(): Promise<string>;
  /** Makes PropelAuth unreachable for the MCP server, from the client's next request on. */
  startOutage(seconds: number): void;
  /** Ends an outage at once. */
  endOutage(): void;
  /** Stops the MCP server and starts it again on the same port, without its sessions. */
  restart(): Promise<void>;
}

/** Whether the MCP server keeps sessions (SDK v1) or not (SDK v2). */
export type ServerKind = "sessions" | "stateless";

/** The differences from the usual stage. */
export interface StageOptions {
  /** @default {"stateless"} */
  readonly server?: ServerKind;
  /** The lifetime of access tokens in seconds. */
  readonly expiresIn?: number;
  /** The scopes that a 401 names; when absent, the library's default. */
  readonly challengeScopes?: string[];
  /** Whether the server admits known callers in an outage, by `staleIfErrorSeconds`. */
  readonly stale?: boolean;
  /** Whether PropelAuth's issuer has no path, as in older environments. */
  readonly bareIssuer?: boolean;
  /** Whether clients are given a URL with another host than the `resource` of the metadata has. */
  readonly otherHost?: boolean;
}

/**
 * Starts a stage on free ports.
 *
 * @param options Everything has a default.
 */
export async function startStage(options: StageOptions): Promise<Stage> {
  const { server = "stateless", expiresIn = 3600, bareIssuer = false, otherHost = false } = options;
  const propelAuth = await startRecordingPropelAuth({
    accessTokenExpiresInSeconds: expiresIn,
    issuerForm: bareIssuer ? "bare" : "path",
  });
  const requests: Recorded[] = [];
  const opened: URL[] = [];
  let outage: { seconds: number; until?: number } | undefined;
  let mcp: Running | undefined;

  const isOut = (): boolean => outage !== undefined && Date.now() < (outage.until ?? Infinity);
  const ask: typeof fetch = (...question) =>
    isOut() ? Promise.reject(new TypeError("connection refused")) : fetch(...question);

  /** Creates the whole server, as a new process would. */
  function create(port: number): RequestHandler {
    const auth = createPropelAuth({
      ...POLICY,
      ...(options.challengeScopes !== undefined && { challengeScopes: options.challengeScopes }),
      authUrl: propelAuth.authUrl,
      introspectionClientId: propelAuth.local.introspectionClientId,
      introspectionClientSecret: propelAuth.local.introspectionClientSecret,
      baseUrl: `http://127.0.0.1:${port}`,
      tokenIntrospectionOverrides: {
        fetch: (url, init) => ask(url, init),
        ...(options.stale === true && { cacheTtlSeconds: 1, staleIfErrorSeconds: 900 }),
      },
    });
    return server === "sessions" ? serveSessions(auth) : serveStateless(auth);
  }

  async function answer(request: Request, handler: RequestHandler): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname !== "/mcp") return await handler(request);
    if (outage !== undefined) outage.until ??= Date.now() + 1000 * outage.seconds;
    const call = await readCall(request);
    const response = await handler(request);
    const authorized = request.headers.has("Authorization");
    requests.push({ method: request.method, call, authorized, status: response.status });
    return response;
  }

  const start = (port: number): Running => listen(port, answer, create);

  const browser = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { searchParams } = new URL(request.url);
    const url = new URL(searchParams.get("url") ?? "");
    opened.push(url);
    try {
      const choice = stage.allow === undefined ? {} : { scopes: stage.allow };
      const back = await authorizeAs(url, OWNER, choice);
      if (searchParams.get("follow") !== "0") await follow(back);
      return new Response(back.href);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  });

  mcp = start(freePort());
  const { port } = mcp;
  const stage: Stage = {
    propelAuth,
    mcpUrl: `http://${otherHost ? "localhost" : "127.0.0.1"}:${port}/mcp`,
    browserUrl: `http://127.0.0.1:${browser.addr.port}/`,
    opened,
    requests,
    allow: undefined,
    mintToken() {
      const scopes = stage.allow ?? [SCOPES[0]];
      return propelAuth.mintToken({ subject: OWNER, resource: stage.mcpUrl, scopes });
    },
    startOutage(seconds) {
      outage = { seconds };
    },
    endOutage() {
      outage = undefined;
    },
    async restart() {
      await mcp?.stop();
      mcp = start(port);
    },
    async [Symbol.asyncDispose]() {
      await mcp?.stop();
      await browser.shutdown();
      await propelAuth[Symbol.asyncDispose]();
    },
  };
  return stage;
}

/** Sends the browser back to the client, which may begin to listen a little later. */
async function follow(back: URL): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      await (await fetch(back)).body?.cancel();
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/**
 * A port that no program listens on. It is none that the system gives to connections, so that it is
 * still free when the server starts again.
 */
function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

interface Running {
  readonly port: number;
  stop(): Promise<void>;
}

function listen(
  port: number,
  answer: (request: Request, handler: RequestHandler) => Promise<Response>,
  create: (port: number) => RequestHandler,
): Running {
  const end = new AbortController();
  let handler: RequestHandler | undefined;
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port,
    signal: end.signal,
    onListen() {},
  }, async (request) => {
    handler ??= create(server.addr.port);
    return await answer(request, handler);
  });
  return {
    port: server.addr.port,
    async stop() {
      // Aborting ends the open event streams too.
      end.abort();
      await server.finished;
    },
  };
}

/** The JSON-RPC method of a request and its protocol version, without changing the request. */
async function readCall(request: Request): Promise<string> {
  if (request.method !== "POST") return "";
  try {
    const { method = "", params } = JSON.parse(await request.clone().text());
    const version = params?.protocolVersion ?? request.headers.get("MCP-Protocol-Version") ?? "";
    return `${method} ${version}`.trim();
  } catch {
    return "not JSON";
  }
}
