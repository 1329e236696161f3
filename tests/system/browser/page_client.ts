/**
 * A client in a web page: the SDK's own, which keeps its login in the tab. The page's address has
 * the MCP endpoint, `?server=URL`, and the protocol, `&protocol=legacy` or a version. The global
 * `outcome` is then what `whoami` says, or why it could not be asked.
 *
 * @module
 */
import {
  Client,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";

const arrived = new URLSearchParams(location.search);
if (arrived.has("server")) keep("asked", Object.fromEntries(arrived));
const { server = "", protocol = "" } = kept<Record<string, string>>("asked") ?? {};

function keep(name: string, value: unknown): void {
  sessionStorage.setItem(name, JSON.stringify(value));
}

function kept<T>(name: string): T | undefined {
  return JSON.parse(sessionStorage.getItem(name) ?? "null") ?? undefined;
}

const authProvider: OAuthClientProvider = {
  redirectUrl: `${location.origin}/`,
  clientMetadata: { client_name: "A page", redirect_uris: [`${location.origin}/`] },
  state: () => "the-state",
  clientInformation: () => kept("client"),
  saveClientInformation: (client) => keep("client", client),
  tokens: () => kept("tokens"),
  saveTokens: (tokens) => keep("tokens", tokens),
  codeVerifier: () => kept("verifier") ?? "",
  saveCodeVerifier: (verifier) => keep("verifier", verifier),
  discoveryState: () => kept("discovery"),
  saveDiscoveryState: (discovery) => keep("discovery", discovery),
  redirectToAuthorization: (url) => location.assign(url.href),
};

async function whoami(): Promise<string> {
  const transport = new StreamableHTTPClientTransport(new URL(server), { authProvider });
  if (arrived.has("code")) await transport.finishAuth(arrived);
  const client = new Client({ name: "page", version: "1.0.0" }, {
    versionNegotiation: { mode: protocol === "legacy" ? "legacy" : { pin: protocol } },
  });
  await client.connect(transport);
  const { content } = await client.callTool({ name: "whoami" });
  await client.close();
  const [first] = content;
  return first?.type === "text" ? first.text : "";
}

try {
  Object.assign(globalThis, { outcome: await whoami() });
} catch (error) {
  // The login that it leads to is under way then.
  if (!UnauthorizedError.isInstance(error)) Object.assign(globalThis, { outcome: String(error) });
}
