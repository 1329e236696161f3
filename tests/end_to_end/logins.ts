/**
 * Shared by the tests of whole logins: the MCP SDKs' own clients with their own OAuth flow, and a
 * user at a browser, played by `authorizeAs`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type CallToolResult,
  Client as ClientV2,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport as ClientTransportV2,
  UnauthorizedError as UnauthorizedErrorV2,
  type VersionNegotiationMode,
} from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/auth"
import { UnauthorizedError as UnauthorizedErrorV1 } from "@modelcontextprotocol/sdk/client/auth.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport as ClientTransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { authorizeAs, type LocalConsentChoice } from "@x/propelauth-local";

const REDIRECT_URL = "http://127.0.0.1:1/callback";
export const INFO = { name: "login-test", version: "1.0.0" };

/** The OAuth state of a client, for both SDK majors, and the user at its browser. */
export class Login implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT_URL;
  readonly clientMetadata: OAuthClientMetadata;
  /** The number of logins that the client started. */
  logins = 0;
  /** Called whenever tokens arrive. */
  onTokens = (): void => {};
  readonly #email: string;
  #url = "";
  #client?: StoredOAuthClientInformation;
  #tokens: StoredOAuthTokens | undefined;
  #verifier = "";
  #discovery?: OAuthDiscoveryState;

  /** @param email The e-mail address of the user at the browser. */
  constructor(email: string, grant_types = ["authorization_code", "refresh_token"]) {
    this.#email = email;
    this.clientMetadata = {
      client_name: "Login test",
      redirect_uris: [REDIRECT_URL],
      grant_types,
      token_endpoint_auth_method: "none",
    };
  }

  state = () => "the-state";
  clientInformation = () => this.#client;
  tokens = () => this.#tokens;
  codeVerifier = () => this.#verifier;
  discoveryState = () => this.#discovery;
  saveClientInformation = (client: StoredOAuthClientInformation) => void (this.#client = client);
  saveCodeVerifier = (verifier: string) => void (this.#verifier = verifier);
  saveDiscoveryState = (discovery: OAuthDiscoveryState) => void (this.#discovery = discovery);
  saveTokens = (tokens: StoredOAuthTokens) => {
    this.#tokens = tokens;
    this.onTokens();
  };
  invalidateCredentials = () => void (this.#tokens = undefined);
  redirectToAuthorization = (url: URL) => {
    this.logins++;
    this.#url = url.href;
  };

  /** The scopes of the last authorization request. */
  get asked(): string {
    return new URL(this.#url).searchParams.get("scope") ?? "";
  }

  /** Lets the user log in and answer. Returns the parameters of the redirect to the client. */
  async answer(choice: LocalConsentChoice = {}): Promise<URLSearchParams> {
    const { searchParams } = await authorizeAs(this.#url, this.#email, choice);
    assert.equal(searchParams.get("state"), "the-state");
    return searchParams;
  }
}

/** A connected client. */
export interface Session {
  /** Calls a tool. */
  call(name: string): Promise<CallToolResult["content"]>;
  /** Lists the names of the tools. */
  list(): Promise<string[]>;
  /** Exchanges the code of the redirect. */
  finishAuth(parameters: URLSearchParams): Promise<void>;
  /** Whether it opens a standing stream in the background, as clients of older protocols do. */
  readonly opensStream: boolean;
  close(): Promise<void>;
}

/** The answers to the login that a connection begins with, and to later challenges. */
export interface ConnectOptions {
  readonly choice?: LocalConsentChoice;
  /** The reaction of a client of SDK v2 to a challenge for scopes; SDK v1 has no such option. */
  readonly onInsufficientScope?: "reauthorize" | "throw";
}

/** Connects a client, with a login when the server requires one. */
export type Connect = (url: string, login: Login, options?: ConnectOptions) => Promise<Session>;

const connectV1: Connect = async (url, login, options = {}) => {
  const createTransport = () => new ClientTransportV1(new URL(url), { authProvider: login });
  let client = new ClientV1(INFO);
  let transport = createTransport();
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedErrorV1)) throw error;
    await transport.finishAuth((await login.answer(options.choice)).get("code") ?? "");
    client = new ClientV1(INFO);
    transport = createTransport();
    await client.connect(transport);
  }
  return {
    opensStream: true,
    // Both majors parse the content by the same schema.
    call: async (name) => (await client.callTool({ name })).content as CallToolResult["content"],
    list: async () => (await client.listTools()).tools.map(({ name }) => name),
    finishAuth: (parameters) => transport.finishAuth(parameters.get("code") ?? ""),
    close: () => client.close(),
  };
};

const connectV2 =
  (mode: VersionNegotiationMode): Connect => async (url, login, { choice, ...options } = {}) => {
    const createTransport = () =>
      new ClientTransportV2(new URL(url), { authProvider: login, ...options });
    const client = new ClientV2(INFO, { versionNegotiation: { mode } });
    let transport = createTransport();
    try {
      await client.connect(transport);
    } catch (error) {
      if (!UnauthorizedErrorV2.isInstance(error)) throw error;
      await transport.finishAuth(await login.answer(choice));
      transport = createTransport();
      await client.connect(transport);
    }
    return {
      opensStream: client.getProtocolEra() === "legacy",
      call: async (name) => (await client.callTool({ name })).content,
      list: async () => (await client.listTools()).tools.map(({ name }) => name),
      finishAuth: (parameters) => transport.finishAuth(parameters),
      close: () => client.close(),
    };
  };

export const V1 = { client: "SDK v1", connect: connectV1, Unauthorized: UnauthorizedErrorV1 };
const V2 = { Unauthorized: UnauthorizedErrorV2 };
export const LEGACY = { ...V2, client: "SDK v2 in legacy mode", connect: connectV2("legacy") };
export const AUTO = { ...V2, client: "SDK v2 in auto mode", connect: connectV2("auto") };
export const PINNED = {
  ...V2,
  client: "SDK v2 at 2026-07-28",
  connect: connectV2({ pin: "2026-07-28" }),
};

/** Clients and servers with a common protocol version: SDK v1 does not know 2026-07-28. */
export const PAIRS = [
  { ...V1, server: "v1" },
  { ...V1, server: "v2" },
  { ...LEGACY, server: "v1" },
  { ...LEGACY, server: "v2" },
  { ...AUTO, server: "v1" },
  { ...AUTO, server: "v2" },
  { ...PINNED, server: "v2" },
] as const;

/** A server on loopback. */
export interface Running {
  /** The MCP endpoint. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a handler over HTTP; `create` gets the base URL. */
export async function serve(
  create: (baseUrl: string) => (request: Request) => Promise<Response>,
): Promise<Running> {
  const server = createServer((incoming, outgoing) => {
    // The adapter's type excludes `undefined` for members that a server's request always has.
    void listener(incoming as Parameters<typeof listener>[0], outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const listener = toNodeHandler({ fetch: create(baseUrl) });
  return {
    url: `${baseUrl}/mcp`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
