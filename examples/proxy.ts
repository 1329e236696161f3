// The gate as a reverse proxy before an MCP server in any language. It needs the four variables of
// .env, and the MCP server's own URL as UPSTREAM_URL:
//   UPSTREAM_URL=http://127.0.0.1:9000/mcp deno run --allow-net --allow-env --env-file=.env examples/proxy.ts
// The MCP server must be reachable from here alone: let it listen on loopback or in a private network.
// deno-lint-ignore-file no-console no-unversioned-import
import { type AccessToken, createPropelAuth, type PropelAuth } from "jsr:@x/propelauth-mcp";
import { consoleEvents } from "jsr:@x/propelauth-mcp/events";

/** Fields that concern one connection (RFC 9110 §7.6.1), with those of a body that is encoded anew. */
const HOP_BY_HOP = [
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Names of the fields that tell the MCP server who is calling begin with this. */
const CALLER_PREFIX = "x-caller-";

/**
 * Creates the proxy.
 *
 * @param auth The resource server, whose `baseUrl` and `mcpPath` are those of the proxy.
 * @param upstreamUrl The URL of the MCP server.
 * @returns A handler that serves the metadata, refuses what the gate refuses, and passes on the rest.
 */
export function createProxy(
  auth: PropelAuth,
  upstreamUrl: string,
): (request: Request) => Promise<Response> {
  return auth.handler(async (request, { authInfo }) => {
    const { method, body, signal } = request;
    const target = new URL(upstreamUrl);
    for (const [name, value] of new URL(request.url).searchParams) {
      target.searchParams.append(name, value);
    }
    const headers = buildUpstreamHeaders(request.headers, authInfo);
    const init = { method, headers, body, signal, redirect: "manual", duplex: "half" } as const;
    try {
      const { status, headers: received, body: answered } = await fetch(target, init);
      // Deno hands an encoded body on as it is once Accept-Encoding is set, and Node decodes it.
      if (/\S/.test(received.get("Content-Encoding")?.replace(/identity/gi, "") ?? "")) {
        await answered?.cancel();
        return refuse("The MCP server behind this proxy compresses answers unasked: turn that off");
      }
      const kept = withoutHopByHop(received);
      return new Response(answered, { status, headers: kept });
    } catch (error) {
      if (signal.aborted) throw error;
      return refuse("The MCP server behind this proxy does not answer");
    }
  });
}

function refuse(message: string): Response {
  return Response.json({ jsonrpc: "2.0", id: null, error: { code: -32603, message } }, {
    status: 502,
  });
}

/** The fields of the request, with those about the caller, which no client can set from outside. */
function buildUpstreamHeaders(fields: Headers, caller: AccessToken): Headers {
  const headers = withoutHopByHop(fields);
  for (const name of [...headers.keys()]) {
    // CGI and WSGI servers read X_Caller_Subject as X-Caller-Subject.
    if (name.replaceAll("_", "-").startsWith(CALLER_PREFIX)) headers.delete(name);
  }
  // The gate has checked both. They name this proxy, so an MCP server that checks them would refuse.
  headers.delete("Host");
  headers.delete("Origin");
  headers.set("Accept-Encoding", "identity");
  const { subject, clientId, orgId, orgRole, scopes } = caller;
  const identity = { subject, "client-id": clientId, "org-id": orgId, "org-role": orgRole };
  for (const [name, value] of Object.entries(identity)) {
    // Percent-encoded, since a field value holds ASCII without line breaks.
    if (value !== undefined) headers.set(CALLER_PREFIX + name, encodeURIComponent(value));
  }
  headers.set(`${CALLER_PREFIX}scopes`, scopes.map(encodeURIComponent).join(" "));
  return headers;
}

function withoutHopByHop(fields: Headers): Headers {
  const headers = new Headers(fields);
  const named = (headers.get("Connection") ?? "").split(",").map((name) => name.trim());
  for (const name of [...HOP_BY_HOP, ...named]) {
    if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) headers.delete(name);
  }
  return headers;
}

if (import.meta.main) {
  const upstreamUrl = Deno.env.get("UPSTREAM_URL");
  if (upstreamUrl === undefined || !URL.canParse(upstreamUrl)) {
    console.error("Set UPSTREAM_URL to the MCP server's URL, such as http://127.0.0.1:9000/mcp");
    Deno.exit(1);
  }
  const auth = createPropelAuth.fromEnv({ onEvent: consoleEvents() });
  const { protocol, hostname, port } = new URL(auth.resourceMetadata.resource);
  const own = { hostname, port: Number(port) || 80 };
  const behindTunnel = { hostname: "127.0.0.1", port: 8000 };
  Deno.serve(protocol === "https:" ? behindTunnel : own, createProxy(auth, upstreamUrl));
  console.log(`MCP endpoint: ${auth.resourceMetadata.resource}`);
}
