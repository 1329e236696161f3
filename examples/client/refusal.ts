// Remembers how a server refused a request, and tells whose refusal it is.
import { Unreachable } from "./problem.ts";

/** Who refused a request, by the body of the answer. */
export type Refusal =
  /** The gate of @x/propelauth-mcp: an OAuth error code. */
  | { readonly by: "gate"; readonly error: string; readonly description: string }
  /** The gate without an OAuth code, or the MCP server: a JSON-RPC error. */
  | { readonly by: "mcp"; readonly message: string }
  /** A proxy, or a server without this gate. */
  | { readonly by: "other" };

/** Sends requests for the SDK, and remembers the last refusal of one address. */
export interface Sender {
  readonly fetch: (input: string | URL, init?: RequestInit) => Promise<Response>;
  readonly lastRefusal: () => Refusal;
}

const MAX_LENGTH = 2000;

/** Creates a sender. Its errors name the URL that could not be reached. */
export function createSender(serverUrl: URL): Sender {
  let last: Refusal = { by: "other" };
  return {
    lastRefusal: () => last,
    async fetch(input, init) {
      const url = new URL(input);
      let response: Response;
      try {
        response = await fetch(input, init);
      } catch (cause) {
        if (init?.signal?.aborted) throw cause;
        throw new Unreachable(url, cause);
      }
      const isOurs = url.origin === serverUrl.origin && url.pathname === serverUrl.pathname;
      if (isOurs && response.status >= 400) last = readRefusal(await response.clone().text());
      return response;
    },
  };
}

function readRefusal(text: string): Refusal {
  let body: unknown;
  try {
    body = JSON.parse(text.slice(0, MAX_LENGTH));
  } catch {
    return { by: "other" };
  }
  if (typeof body !== "object" || body === null || !("error" in body)) return { by: "other" };
  const { error } = body;
  if (typeof error === "string") {
    const description = "error_description" in body ? String(body.error_description) : "";
    return { by: "gate", error, description };
  }
  const hasMessage = typeof error === "object" && error !== null && "message" in error;
  return hasMessage ? { by: "mcp", message: String(error.message) } : { by: "other" };
}

/**
 * Explains a refusal of the MCP endpoint.
 *
 * @param status The HTTP status.
 * @param refusal Who refused.
 * @param serverUrl The MCP endpoint.
 * @param loggedIn Whether the request had a token from a login.
 * @returns One sentence or two.
 */
export function explainRefusal(
  status: number,
  refusal: Refusal,
  serverUrl: URL,
  loggedIn: boolean,
): string {
  const code = refusal.by === "gate" ? refusal.error : undefined;
  switch (status) {
    case 401:
      if (!loggedIn) break;
      return code === "invalid_token"
        ? `The login worked, but ${serverUrl} refuses the token. Check that its SERVER_URL is ` +
          `${serverUrl.origin}, and its credentials those of the same PropelAuth environment`
        : `The login worked, but the token did not reach the gate of ${serverUrl}. Look for a ` +
          "proxy that drops Authorization: deno task doctor";
    case 403:
      if (refusal.by === "gate") {
        return `The login worked, but the server refuses this user: ${refusal.description}`;
      }
      return refusal.by === "mcp"
        ? `${serverUrl} refuses this client (403): ${refusal.message}`
        : `Something in front of ${serverUrl} refuses this client (403). It is not the gate: ` +
          "look at a proxy or a firewall";
    case 500:
      if (code === "server_error") {
        return "The server cannot verify tokens (500). Check its PropelAuth introspection " +
          "credentials; its events say what PropelAuth answered";
      }
      return "The MCP server itself failed (500), and its gate did not. Look at the server's log" +
        (refusal.by === "mcp" ? `: ${refusal.message}` : "");
    case 503:
      return code === "temporarily_unavailable"
        ? "The server cannot reach PropelAuth now (503). Try again in a moment"
        : `${serverUrl} is not available (503), and its gate did not say so. Look at the server, ` +
          "and at a proxy in front of it";
    case 502:
    case 504:
      return `A proxy in front of ${serverUrl} gets no answer from it (${status}). Start the server`;
  }
  return `${serverUrl} is no MCP endpoint (${status}). Check the path, which is mostly /mcp`;
}

/**
 * Explains the error that a tool returned as its result.
 *
 * @param tool The tool.
 * @param text The result.
 * @returns What to do.
 */
export function explainToolError(tool: string, text: string): string {
  const [, reason] = /The access token was refused: (\w+)/.exec(text) ?? [];
  if (reason?.startsWith("role_")) {
    return `${tool} refuses this user's role. Log in as a user with another role`;
  }
  if (reason?.startsWith("org_")) {
    return `${tool} refuses this organization. Log in again, and choose another one`;
  }
  if (reason === "scope_missing") {
    return `${tool} needs a scope that this login did not grant. Log in as a user who may grant it`;
  }
  return /invalid arguments|validation error/i.test(text)
    ? `${tool} refuses its arguments. --with gives it others`
    : `${tool} failed, as it says above. Look at the server's log`;
}
