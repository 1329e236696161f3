// The gates of others, each in front of the same MCP server: functions of the origin and the server.
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";

const SCOPES = ["read:user_data"];

/** The verifier that each user of these gates has to write: it keeps the answer about a token. */
export function createCachingVerifier(origin) {
  const known = new Map();
  return {
    async verifyAccessToken(token) {
      const kept = known.get(token);
      if (kept !== undefined && kept.until > Date.now()) return kept.authInfo;
      const response = await introspect(origin);
      const { active, client_id, scope, exp, sub } = await response.json();
      if (!active) throw new Error("inactive");
      const authInfo = {
        token,
        clientId: client_id,
        scopes: scope.split(" "),
        expiresAt: exp,
        extra: { sub },
      };
      known.set(token, { authInfo, until: Date.now() + 3_600_000 });
      return authInfo;
    },
  };
}

function introspect(origin) {
  return Promise.resolve(Response.json({
    active: true,
    sub: "1bf3b5a4-4b40-4f5c-8d0e-9f3e3f1f0a11",
    client_id: "client-1",
    scope: "read:user_data write:note",
    aud: `${origin}/mcp`,
    exp: 4_102_444_800,
  }));
}

const GATES = {
  /** The gate of SDK v2 for web requests. */
  async sdk(origin, serve) {
    const { requireBearerAuth } = await import("@modelcontextprotocol/server");
    const gate = requireBearerAuth({
      verifier: createCachingVerifier(origin),
      requiredScopes: SCOPES,
      resourceMetadataUrl: `${origin}/.well-known/oauth-protected-resource/mcp`,
    });
    return {
      async handler(request) {
        const authInfo = await gate(request);
        return authInfo instanceof Response ? authInfo : await serve(request, { authInfo });
      },
    };
  },
  /** Its gate, and its server: that is made of SDK v2 too. */
  async "mcp-handler"(origin) {
    const { createMcpHandler, withMcpAuth } = await import("mcp-handler");
    const handler = createMcpHandler((server) => {
      server.registerTool("hello", { description: "Says hello" }, () => ({
        content: [{ type: "text", text: "hello" }],
      }));
    }, { serverInfo: { name: "bench", version: "1.0.0" } });
    const { verifyAccessToken } = createCachingVerifier(origin);
    return {
      handler: withMcpAuth(handler, (_request, token) => verifyAccessToken(token), {
        required: true,
        requiredScopes: SCOPES,
      }),
    };
  },
  /** It keeps no answers of an introspection, so it gets what it verifies fastest: a signed token. */
  async "better-auth"(origin, serve) {
    const { createMcpProtectedRequestHandler } = await import("@better-auth/mcp");
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const key = { ...publicKey.export({ format: "jwk" }), kid: "key", alg: "EdDSA", use: "sig" };
    const jwks = createServer((_, response) => {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ keys: [key] }));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => jwks.once("listening", resolve));
    jwks.unref();
    const issuer = "https://auth.example.com";
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      iss: issuer,
      aud: `${origin}/mcp`,
      sub: "user-1",
      client_id: "client-1",
      scope: "read:user_data write:note",
      iat: 1_700_000_000,
      exp: 4_102_444_800,
    };
    const signed = `${part({ alg: "EdDSA", kid: "key", typ: "at+jwt" })}.${part(claims)}`;
    return {
      token: `${signed}.${sign(null, Buffer.from(signed), privateKey).toString("base64url")}`,
      handler: createMcpProtectedRequestHandler({
        issuer,
        audience: `${origin}/mcp`,
        jwksUrl: `http://127.0.0.1:${jwks.address().port}/jwks`,
        requiredScopes: SCOPES,
      }, (request, authInfo) => serve(request, { authInfo })),
    };
  },
  /** The resource server of Cloudflare's workers-oauth-provider. */
  async cloudflare(origin, serve) {
    const { OAuthResourceServer } = await import("./cloudflare.js");
    const { verifyAccessToken } = createCachingVerifier(origin);
    const server = new OAuthResourceServer({
      resourceMetadata: {
        resource: `${origin}/mcp`,
        authorization_servers: ["https://auth.example.com/oauth/2.1"],
      },
      requiredScopes: SCOPES,
      handler: { fetch: (request, _env, { auth }) => serve(request, { authInfo: auth }) },
      validateToken: () => async (resource, token) => {
        const { clientId, scopes, expiresAt, extra } = await verifyAccessToken(token);
        const { sub } = extra;
        return { props: {}, audience: resource, clientId, scope: scopes, expiresAt, userId: sub };
      },
    });
    return { handler: (request) => server.fetch(request, {}, {}) };
  },
};

/**
 * Creates the gate of another in front of a server.
 *
 * @param {string} name
 * @param {string} origin
 * @param {(request: Request, options?: object) => Promise<Response>} serve
 * @returns {Promise<{ handler: (request: Request) => Promise<Response>, token?: string }>}
 */
export async function createPeer(name, origin, serve) {
  return await GATES[name](origin, serve);
}
