/**
 * Code that must compile, and code that must not. `deno task check` compiles this, and `.ci/node_project` does
 * it again with `tsc` against the packed types, both with `exactOptionalPropertyTypes`. Nothing here
 * is run but the one test that says so.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AuthInfo as AuthInfoV2,
  createMcpHandler,
  McpServer as McpServerV2,
  type OAuthTokenVerifier as VerifierV2,
  requireBearerAuth as requireBearerAuthV2,
  WebStandardStreamableHTTPServerTransport as TransportV2,
} from "@modelcontextprotocol/server";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/auth/types"
import type { AuthInfo as AuthInfoV1 } from "@modelcontextprotocol/sdk/server/auth/types.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/auth/provider"
import type { OAuthTokenVerifier as VerifierV1 } from "@modelcontextprotocol/sdk/server/auth/provider.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer as McpServerV1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import {
  type AccessToken,
  createPropelAuth,
  type IntrospectionClaims,
  type PropelAuth,
  type PropelAuthOptions,
  type VerifiedApiKey,
} from "@x/propelauth-mcp";
import { apiKeys } from "@x/propelauth-mcp/api-keys";

const OPTIONS: PropelAuthOptions = {
  authUrl: "https://auth.example.com",
  introspectionClientId: "id",
  introspectionClientSecret: "secret",
  baseUrl: "https://mcp.example.com",
};

/** Compiles if and only if the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
const same = <A, B>(_: Same<A, B>): void => {};

/** An access token is the `AuthInfo` of both majors; the verifier is theirs too. */
function fits(token: AccessToken, { verifier }: PropelAuth): unknown {
  const authInfo: [AuthInfoV1, AuthInfoV2] = [token, token];
  const verifiers: [VerifierV1, VerifierV2] = [verifier, verifier];
  const gate = requireBearerAuthV2({ verifier, requiredScopes: [] });
  // @ts-expect-error: proves that SDK v1 is typed, and not any
  const notAuthInfoV1: AuthInfoV1 = { token: 1 };
  // @ts-expect-error: the same for v2
  const notAuthInfoV2: AuthInfoV2 = { token: 1 };
  return [authInfo, verifiers, gate, notAuthInfoV1, notAuthInfoV2];
}

/** The servers of both majors are what a handler takes. */
function protects(auth: PropelAuth): unknown {
  return [
    auth.handler(new TransportV1({})),
    auth.handler(new TransportV2({})),
    auth.handler(createMcpHandler(() => new McpServerV2({ name: "v2", version: "1.0.0" }))),
    auth.handler((request, { authInfo }) =>
      new TransportV1({}).handleRequest(request, { authInfo })
    ),
    auth.handler((request, options) => new TransportV2({}).handleRequest(request, options)),
    auth.handler({
      server: () => new McpServerV1({ name: "v1", version: "1.0.0" }),
      transport: () => new TransportV1(),
    }),
    auth.handler({
      server: () => Promise.resolve(new McpServerV2({ name: "v2", version: "1.0.0" })),
      transport: () => new TransportV2(),
    }),
    // @ts-expect-error: a server needs a transport
    auth.handler({ server: () => new McpServerV1({ name: "v1", version: "1.0.0" }) }),
    // @ts-expect-error: createMcpHandler() has to serve it
    auth.handler(new McpServerV2({ name: "v2", version: "1.0.0" })),
    // @ts-expect-error: a transport has to serve it
    auth.handler(new McpServerV1({ name: "v1", version: "1.0.0" })),
    // @ts-expect-error: an MCP server, not its options
    auth.handler({ name: "server" }),
  ];
}

/** Claims are read with their types in a tool of either major, without a cast. */
function reads(auth: PropelAuth): void {
  const text = (value: string | undefined) => ({
    content: [{ type: "text" as const, text: value ?? "unknown" }],
  });
  new McpServerV1({ name: "v1", version: "1.0.0" }).registerTool("email", {}, ({ authInfo }) => {
    // @ts-expect-error: this is why: the SDK's own type knows nothing of claims
    authInfo?.extra?.["claims"].email;
    return text(auth.getAccessToken(authInfo)?.claims.email);
  });
  new McpServerV2({ name: "v2", version: "1.0.0" }).registerTool("email", {}, ({ http }) => {
    // @ts-expect-error: this is why: the SDK's own type knows nothing of claims
    http?.authInfo?.extra?.["claims"].email;
    return text(auth.getAccessToken(http?.authInfo)?.claims.email);
  });
  const caller = auth.getAccessToken();
  same<typeof caller, AccessToken | undefined>(true);
  // @ts-expect-error: there is no caller outside of a request
  caller.subject;
  // @ts-expect-error: nor behind another router without authInfo
  auth.getAccessToken(undefined).subject;
}

/** A challenge goes with a tool of SDK v2; a requirement, which refuses here and now, does not. */
function challenges(auth: PropelAuth): void {
  const server = new McpServerV2({ name: "v2", version: "1.0.0" });
  const nothing = () => ({ content: [] });
  server.registerTool("a", { scopeChallenge: auth.scopeChallenge("read") }, nothing);
  const caller = auth.requireScopes("read");
  same<typeof caller, AccessToken>(true);
  // @ts-expect-error: a token is no challenge
  server.registerTool("b", { scopeChallenge: caller }, nothing);
}

/** The types of PropelAuth's claims. */
function claims({ org_id, org_role, exp, scope, plan }: IntrospectionClaims): void {
  same<typeof org_id, string | undefined>(true);
  same<typeof org_role, string | undefined>(true);
  same<typeof exp, number | undefined>(true);
  same<typeof scope, string | readonly string[] | undefined>(true);
  same<typeof plan, unknown>(true);
  // @ts-expect-error: proves that `same` can fail
  same<typeof exp, number>(true);
}

/** The organization of a caller. */
function organization({ orgId, orgRole }: AccessToken): void {
  same<typeof orgId, string | undefined>(true);
  same<typeof orgRole, string | undefined>(true);
}

/** The API key of a caller, and the option that lets keys in. */
function keys({ credential, apiKey }: AccessToken): void {
  same<typeof credential, "access_token" | "api_key">(true);
  same<typeof apiKey, VerifiedApiKey | undefined>(true);
  const { kind, orgRole, permissions, metadata } = apiKey ?? ({} as VerifiedApiKey);
  same<typeof kind, "personal" | "organization" | "generic">(true);
  same<typeof orgRole, string | undefined>(true);
  same<typeof permissions, readonly string[]>(true);
  same<(typeof metadata)["purpose"], unknown>(true);
  const scopes = (key: VerifiedApiKey) => key.kind === "generic" ? [] : ["read"];
  createPropelAuth({ ...OPTIONS, apiKeys: apiKeys({ backendApiKey: "key", scopes }) });
  // @ts-expect-error: what apiKeys() returns, not its options
  createPropelAuth({ ...OPTIONS, apiKeys: { scopes: ["read"] } });
  // @ts-expect-error: a kind that does not exist
  apiKeys({ kinds: ["org"] });
}

/** Code that must not compile. */
function refused(token: AccessToken, auth: PropelAuth): void {
  // @ts-expect-error: an option that does not exist
  createPropelAuth({ ...OPTIONS, requiredScope: ["read"] });
  // @ts-expect-error: credentials are required
  createPropelAuth({ authUrl: "https://auth.example.com", baseUrl: "https://h" });
  // @ts-expect-error: absent is not undefined (exactOptionalPropertyTypes)
  createPropelAuth({ ...OPTIONS, resource: undefined });
  // @ts-expect-error: a list, not a text
  createPropelAuth({ ...OPTIONS, requiredScopes: "read" });
  // @ts-expect-error: the unit is in the name
  createPropelAuth({ ...OPTIONS, tokenIntrospectionOverrides: { timeout: 10 } });
  // @ts-expect-error: fromEnv takes the same options, and no others
  createPropelAuth.fromEnv({ requiredScope: ["read"] });
  // @ts-expect-error: a token is not to be replaced
  token.token = "other";
  // @ts-expect-error: claims are shared, hence read-only
  token.claims.sub = "other";
  // @ts-expect-error: an undocumented member has no type
  token.claims["plan"].toUpperCase();
  // @ts-expect-error: absent is not undefined (exactOptionalPropertyTypes)
  token.expiresAt = undefined;
  // @ts-expect-error: seconds, or nothing
  const never: number = token.expiresAt;
  // @ts-expect-error: without a function for the admitted nobody is let in
  auth.authenticate(new Request("https://h"));
  // @ts-expect-error: what is published is not to be changed
  auth.resourceMetadata.resource = never;
}

test("the types are compiled, and the type of getAccessToken() is true", () => {
  for (const compiled of [fits, protects, reads, challenges, claims, organization, keys, refused]) {
    assert.equal(typeof compiled, "function");
  }
  const { getAccessToken } = createPropelAuth(OPTIONS);
  const forged = { token: "a", clientId: "b", scopes: [], claims: { active: true } };
  for (const stranger of [undefined, null, "token", 1, () => {}, forged, Object.create(forged)]) {
    assert.equal(getAccessToken(stranger), undefined);
  }
});
