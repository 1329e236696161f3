/**
 * The MCP servers and clients of the transport matrix: every way in which either SDK major serves
 * over HTTP, with the same tools, and every client that can speak to it.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as ClientTransportV2,
  type VersionNegotiationMode,
} from "@modelcontextprotocol/client";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport as ClientTransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport as ServerTransportV1 } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import {
  createMcpHandler,
  isLegacyRequest,
  McpServer as McpServerV2,
  WebStandardStreamableHTTPServerTransport as ServerTransportV2,
} from "@modelcontextprotocol/server";
import type { AccessToken, McpFunction, PropelAuth } from "@x/propelauth-mcp";

const INFO = { name: "transports", version: "1.0.0" };
/** Milliseconds after which a client resumes; the SDKs take no 0. */
const RETRY_MS = 1;

/** An MCP server under test. */
export interface Served {
  readonly mcp: McpFunction;
  /** Sends a notification to every standing stream: the tools have changed. */
  announce(): void;
}

/** The abilities of a tool on both SDK majors. */
interface Call {
  /** The caller, as the SDK passes it to the tool. */
  readonly authInfo: { extra?: Record<string, unknown> } | undefined;
  /** Sends a progress notification. */
  report(progress: number): Promise<void>;
  /** Ends the call's stream, so that the client has to resume it; does nothing without sessions. */
  interrupt(): void;
}

/** The arguments of a server under test. */
export interface Surroundings {
  readonly auth: PropelAuth;
  /** Resolves when the client has received the progress of a call. */
  readonly received: Promise<void>;
}

/** The tools: one names the caller, one streams progress, the stream of one breaks off. */
const TOOLS: Record<string, (call: Call, surroundings: Surroundings) => Promise<string> | string> =
  {
    whoami: ({ authInfo }, { auth }) =>
      JSON.stringify([auth.getAccessToken()?.subject, authInfo?.extra?.["subject"]]),
    stream: async ({ report }, { auth, received }) => {
      for (const progress of [1, 2, 3]) await report(progress);
      await received;
      return String(auth.getAccessToken()?.subject);
    },
    resume: async ({ report, interrupt }, { auth }) => {
      await report(1);
      interrupt();
      await report(2);
      return String(auth.getAccessToken()?.subject);
    },
  };

const say = async (text: string | Promise<string>) => ({
  content: [{ type: "text" as const, text: await text }],
});

function createServerV1(surroundings: Surroundings): McpServerV1 {
  const server = new McpServerV1(INFO, { capabilities: { tools: { listChanged: true } } });
  for (const [name, run] of Object.entries(TOOLS)) {
    server.registerTool(name, {}, (extra) => {
      const progressToken = extra._meta?.progressToken ?? 0;
      const report = (progress: number) =>
        extra.sendNotification({
          method: "notifications/progress",
          params: { progressToken, progress },
        });
      return say(
        run(
          { authInfo: extra.authInfo, report, interrupt: () => extra.closeSSEStream?.() },
          surroundings,
        ),
      );
    });
  }
  return server;
}

function createServerV2(surroundings: Surroundings): McpServerV2 {
  const server = new McpServerV2(INFO, { capabilities: { tools: { listChanged: true } } });
  for (const [name, run] of Object.entries(TOOLS)) {
    server.registerTool(name, {}, ({ http, mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken ?? 0;
      const report = (progress: number) =>
        mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress } });
      return say(
        run(
          { authInfo: http?.authInfo, report, interrupt: () => http?.closeSSE?.() },
          surroundings,
        ),
      );
    });
  }
  return server;
}

/** Keeps the events of one session; both SDKs accept its shape. */
function createEventStore<Message>() {
  const events: [streamId: string, message: Message][] = [];
  return {
    storeEvent: (streamId: string, message: Message) =>
      Promise.resolve(String(events.push([streamId, message]))),
    async replayEventsAfter(
      lastEventId: string,
      { send }: { send: (eventId: string, message: Message) => Promise<void> },
    ): Promise<string> {
      const resumed = events[Number(lastEventId) - 1]?.[0] ?? "";
      for (let index = Number(lastEventId); index < events.length; index++) {
        const [streamId, message] = events[index] ?? assert.fail();
        if (streamId === resumed) await send(String(index + 1), message);
      }
      return resumed;
    },
  };
}

/** The common part of both SDKs' transports. */
interface SessionTransport {
  handleRequest(request: Request, options: { authInfo: AccessToken }): Promise<Response>;
}

/** Keeps sessions by id, as the SDKs' own examples do. */
function createSessions(
  open: (
    onOpened: (id: string, transport: SessionTransport, announce: () => void) => void,
  ) => Promise<SessionTransport>,
): Served {
  const sessions = new Map<string, { transport: SessionTransport; announce: () => void }>();
  return {
    async mcp(request, options) {
      const id = request.headers.get("Mcp-Session-Id");
      if (id === null) {
        const transport = await open((opened, transport, announce) =>
          sessions.set(opened, { transport, announce })
        );
        return await transport.handleRequest(request, options);
      }
      return await sessions.get(id)?.transport.handleRequest(request, options) ??
        new Response(null, { status: 404 });
    },
    announce: () => sessions.forEach(({ announce }) => announce()),
  };
}

function createSessionsV1(surroundings: Surroundings): Served {
  return createSessions(async (onOpened) => {
    const server = createServerV1(surroundings);
    const transport: ServerTransportV1 = new ServerTransportV1({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => onOpened(id, transport, () => server.sendToolListChanged()),
      eventStore: createEventStore(),
      retryInterval: RETRY_MS,
    });
    await server.connect(transport);
    return transport;
  });
}

function createSessionsV2(surroundings: Surroundings): Served {
  return createSessions(async (onOpened) => {
    const server = createServerV2(surroundings);
    const transport: ServerTransportV2 = new ServerTransportV2({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => onOpened(id, transport, () => server.sendToolListChanged()),
      eventStore: createEventStore(),
      retryInterval: RETRY_MS,
    });
    await server.connect(transport);
    return transport;
  });
}

const createStatelessV1 =
  (enableJsonResponse: boolean) => (surroundings: Surroundings): Served => ({
    async mcp(request, options) {
      const transport = new ServerTransportV1({ enableJsonResponse });
      await createServerV1(surroundings).connect(transport);
      return await transport.handleRequest(request, options);
    },
    announce() {},
  });

/** Abilities of a server towards clients of one era. */
interface Abilities {
  /** Sends messages during a call. */
  readonly streams: boolean;
  /** Has sessions: a standing stream, streams that can be resumed, DELETE. */
  readonly sessions: boolean;
}

/** The servers. Without `modern` a server does not know the 2026-07-28 revision. */
export const SERVERS: {
  readonly server: string;
  readonly create: (surroundings: Surroundings) => Served;
  readonly legacy: Abilities;
  readonly modern?: Abilities;
}[] = [
  {
    server: "SDK v1, stateless",
    create: createStatelessV1(false),
    legacy: { streams: true, sessions: false },
  },
  {
    server: "SDK v1, stateless, JSON responses",
    create: createStatelessV1(true),
    legacy: { streams: false, sessions: false },
  },
  {
    server: "SDK v1, with sessions",
    create: createSessionsV1,
    legacy: { streams: true, sessions: true },
  },
  {
    server: "SDK v2, createMcpHandler",
    create(surroundings) {
      const handler = createMcpHandler(() => createServerV2(surroundings));
      return { mcp: handler.fetch, announce: handler.notify.toolsChanged };
    },
    legacy: { streams: true, sessions: false },
    modern: { streams: true, sessions: false },
  },
  {
    server: "SDK v2, with sessions for the older era",
    create(surroundings) {
      const legacy = createSessionsV2(surroundings);
      const modern = createMcpHandler(() => createServerV2(surroundings), { legacy: "reject" });
      return {
        mcp: async (request, options) =>
          await isLegacyRequest(request)
            ? await legacy.mcp(request, options)
            : await modern.fetch(request, options),
        announce() {
          legacy.announce();
          modern.notify.toolsChanged();
        },
      };
    },
    legacy: { streams: true, sessions: true },
    modern: { streams: true, sessions: false },
  },
];

/** A connected client. */
export interface Connected {
  readonly era: "legacy" | "modern";
  /** Calls a tool; returns the text of the answer and the progress before it. */
  call(
    tool: string,
    onProgress?: (progress: number) => void,
  ): Promise<{ text: string; progress: number[] }>;
  /** Whether the server has created a session. */
  readonly hasSession: boolean;
  /** Ends the session, if one exists, and the connection. */
  close(): Promise<void>;
}

/** The URL of a server and the network to it. */
export interface Endpoint {
  readonly url: string;
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
}

type Connect = (endpoint: Endpoint, token: string, onChanged: () => void) => Promise<Connected>;

const options = ({ fetch }: Endpoint, token: string) => ({
  fetch,
  requestInit: { headers: { Authorization: `Bearer ${token}` } },
});
const listChanged = (onChanged: () => void) => ({
  listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged } },
});
const readText = (result: unknown): string => {
  const { content } = result as { content?: { text?: string }[] };
  return content?.[0]?.text ?? assert.fail(JSON.stringify(result));
};

const connectV1: Connect = async (endpoint, token, onChanged) => {
  const client = new ClientV1(INFO, listChanged(onChanged));
  const transport = new ClientTransportV1(new URL(endpoint.url), options(endpoint, token));
  await client.connect(transport);
  return {
    era: "legacy",
    hasSession: transport.sessionId !== undefined,
    async call(name, onProgress) {
      const progress: number[] = [];
      const onprogress = (report: { progress: number }) => {
        progress.push(report.progress);
        onProgress?.(report.progress);
      };
      const result = await client.callTool({ name }, undefined, { onprogress });
      return { text: readText(result), progress };
    },
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
};

const connectV2 = (mode: VersionNegotiationMode): Connect => async (endpoint, token, onChanged) => {
  const client = new ClientV2(INFO, { versionNegotiation: { mode }, ...listChanged(onChanged) });
  const transport = new ClientTransportV2(new URL(endpoint.url), options(endpoint, token));
  await client.connect(transport);
  return {
    era: client.getProtocolEra() === "modern" ? "modern" : "legacy",
    hasSession: transport.sessionId !== undefined,
    async call(name, onProgress) {
      const progress: number[] = [];
      const onprogress = (report: { progress: number }) => {
        progress.push(report.progress);
        onProgress?.(report.progress);
      };
      return { text: readText(await client.callTool({ name }, { onprogress })), progress };
    },
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
};

/** The clients. `era` is the newest that a client speaks; a `strict` one speaks no other. */
export const CLIENTS: {
  readonly client: string;
  readonly connect: Connect;
  readonly era: "legacy" | "modern";
  readonly strict?: true;
}[] = [
  { client: "SDK v1", connect: connectV1, era: "legacy" },
  { client: "SDK v2 in legacy mode", connect: connectV2("legacy"), era: "legacy" },
  { client: "SDK v2 in auto mode", connect: connectV2("auto"), era: "modern" },
  {
    client: "SDK v2 at 2026-07-28",
    connect: connectV2({ pin: "2026-07-28" }),
    era: "modern",
    strict: true,
  },
];
