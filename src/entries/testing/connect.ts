/**
 * Connects an MCP client to a handler, in process: no port, no network.
 *
 * @module
 */

import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import { describe, requireMembers } from "../../lib/check_option.ts";

/** A web-standard request handler, such as `auth.handler(mcp)` gives. */
export type TestedHandler = (request: Request) => Response | Promise<Response>;

/** The options of the client's transport. */
export interface TestTransportOptions {
  /** Hands each request to the handler. */
  fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
}

/**
 * The client side of an MCP SDK of either major: the module `@modelcontextprotocol/client` of v2 as
 * it is, or the two classes out of v1's `client/index.js` and `client/streamableHttp.js`.
 */
export interface ClientSdk<Client, Options> {
  /** The SDK's `Client`. */
  readonly Client: new (clientInfo: { name: string; version: string }, options?: Options) => Client;
  /** The SDK's `StreamableHTTPClientTransport`. */
  readonly StreamableHTTPClientTransport: new (url: URL, options: TestTransportOptions) => unknown;
}

/** A client that can be connected; the rest of it is the SDK's. */
export interface ConnectableClient {
  /** Connects it to a transport of its own SDK. */
  connect(transport: never): Promise<void>;
}

/** How a client is connected. */
export interface ConnectOptions<Client, Options> {
  /** The access token, or a function that gives the one of the moment; absent: no credentials. */
  readonly token?: string | (() => string | undefined);
  /** The SDK that the client is of. */
  readonly sdk: ClientSdk<Client, Options>;
  /** Options of the SDK's `Client` beside its name, such as `versionNegotiation`. */
  readonly clientOptions?: Options;
}

const OPTION_NAMES = ["token", "sdk", "clientOptions"] as const;

/**
 * Connects a client.
 *
 * @param handler The handler that answers.
 * @param url The URL that the client calls.
 * @param options The token and the SDK.
 * @returns The client, connected; the test closes it.
 * @throws {TypeError} An option is unknown, `sdk` lacks a class, or `handler` is not a function.
 * @throws {Error} Whatever the SDK throws: its own error for a refused token, for example.
 */
export async function connectClient<Client extends ConnectableClient, Options>(
  handler: TestedHandler,
  url: string,
  options: ConnectOptions<Client, Options>,
): Promise<Client> {
  refuseAs("Cannot connect a client", () => checkArguments(handler, options));
  const { sdk, token, clientOptions } = options;
  const client = new sdk.Client({ name: "test", version: "1.0.0" }, clientOptions);
  const transport = new sdk.StreamableHTTPClientTransport(new URL(url), {
    async fetch(input: string | URL, init?: RequestInit): Promise<Response> {
      const request = new Request(input, init);
      const current = typeof token === "function" ? token() : token;
      if (current !== undefined) request.headers.set("Authorization", `Bearer ${current}`);
      request.signal.throwIfAborted();
      return endWith(await handler(request), request.signal);
    },
  });
  // Client and transport come from one SDK; its types are not ours to name.
  await client.connect(transport as never);
  return client;
}

function checkArguments(handler: unknown, options: { readonly sdk?: unknown }): void {
  requireMembers("options", options, OPTION_NAMES);
  if (typeof handler !== "function") {
    throw new BrokenRule("handler", "a function, such as auth.handler(mcp)", describe(handler));
  }
  for (const name of ["Client", "StreamableHTTPClientTransport"]) {
    if (typeof Reflect.get(Object(options.sdk), name) === "function") continue;
    const rule = "@modelcontextprotocol/client, or an object with the two classes " +
      "Client and StreamableHTTPClientTransport";
    const received = options.sdk === undefined ? "undefined" : `an object without ${name}`;
    throw new BrokenRule("sdk", rule, received);
  }
}

/** A connection that the client gives up takes the response with it. */
function endWith(response: Response, signal: AbortSignal): Response {
  if (response.body === null) return response;
  const body = response.body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal });
  return new Response(body, response);
}
