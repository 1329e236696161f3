// A project that installed both packages: compiled against their types, then run.
import { createServer } from "node:http";
import { otelEvents } from "@x/propelauth-mcp/otel";
import { createTestPropelAuth, type TestPropelAuth } from "@x/propelauth-mcp/testing";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { type AccessToken, createPropelAuth, type PropelAuthOptions } from "@x/propelauth-mcp";
import { diagnose, type Report } from "@x/propelauth-mcp/doctor";
import { consoleEvents } from "@x/propelauth-mcp/events";
import { type ExpressMiddleware, metadataRoutes, requireAuth } from "@x/propelauth-mcp/express";
import { createSdkVerifier } from "@x/propelauth-mcp/mcp-sdk";
import { createRedisCache, type RedisClient } from "@x/propelauth-mcp/redis";
import { startLocalPropelAuth } from "@x/propelauth-local";

const local = await startLocalPropelAuth();
const server = createServer(async (incoming, outgoing) => {
  const response = await handler(
    new Request(`http://${incoming.headers.host}${incoming.url}`, {
      method: incoming.method ?? "GET",
      headers: Object.entries(incoming.headersDistinct).flatMap((
        [name, values = []],
      ) => values.map((value): [string, string] => [name, value])),
    }),
  );
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(await response.text());
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const told: string[] = [];
const kept = new Map<string, string>();
const redis: RedisClient = {
  get: (key) => Promise.resolve(kept.get(key) ?? null),
  set(key, value, ...options) {
    if (JSON.stringify(options).includes('"NX":true') && kept.has(key)) {
      return Promise.resolve(null);
    }
    kept.set(key, value);
    return Promise.resolve("OK");
  },
  del: (key) => Promise.resolve(Number(kept.delete(key))),
};
const options: PropelAuthOptions = {
  authUrl: local.authUrl,
  introspectionClientId: local.introspectionClientId,
  introspectionClientSecret: local.introspectionClientSecret,
  baseUrl,
  tokenIntrospectionOverrides: { cacheTtlSeconds: 60 },
  sharedCache: createRedisCache(redis, { setOptions: "object" }),
  onEvent: consoleEvents({ format: "json", write: (line) => told.push(line) }),
};
const auth = createPropelAuth(options);
const handler = auth.handler((_request, { authInfo }) => {
  const caller: AccessToken | undefined = auth.getAccessToken();
  return Response.json([authInfo.subject, caller?.claims.email]);
});

const user = local.users[0];
if (user === undefined) throw new Error("The stand-in has no users");
const token = await local.mintToken({
  subject: user.id,
  scopes: [],
  resource: `${baseUrl}/mcp`,
});
const answers = await Promise.all(
  [undefined, `Bearer ${token}`].map(async (authorization) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await fetch(`${baseUrl}/mcp`, { headers });
    return `${response.status} ${await response.text()}`;
  }),
);
const login = {
  code: -32000,
  message: "Log in first: this MCP server needs an access token",
};
const expected = [
  `401 ${JSON.stringify({ jsonrpc: "2.0", id: null, error: login })}`,
  `200 ${JSON.stringify([user.id, user.email])}`,
];
if (JSON.stringify(answers) !== JSON.stringify(expected)) {
  throw new Error(`The packed packages answered ${JSON.stringify(answers)}`);
}
const kit: TestPropelAuth = createTestPropelAuth();
const { subject } = await kit.createPropelAuth().verifier.verifyAccessToken(
  kit.token(),
);
if (subject !== "user-1" || typeof otelEvents !== "function") {
  throw new Error("No testing kit");
}
const codes = told.map((line) => JSON.parse(line).code);
const expectedCodes = [
  "introspection_completed",
  "token_accepted",
  "token_refused",
];
if (JSON.stringify(codes.sort()) !== JSON.stringify(expectedCodes)) {
  throw new Error(`The packed package told ${JSON.stringify(codes)}`);
}

// Node's own request and response fit what the middleware takes.
const middleware: ExpressMiddleware[] = [
  metadataRoutes(auth),
  requireAuth(auth),
];
createServer((incoming, outgoing) =>
  middleware.forEach((use) => use(incoming, outgoing, () => {}))
);
class OAuthError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
const { expiresAt } = await createSdkVerifier(auth, OAuthError)
  .verifyAccessToken(token);
if (!(expiresAt > 0)) {
  throw new Error("The SDK's gates would take this token for expired");
}
if (kept.size === 0) throw new Error("The packed package shared nothing");

const { introspectionClientId, introspectionClientSecret } = local;
const report: Report = await diagnose({
  env: { SERVER_URL: baseUrl },
  overrides: {
    authUrl: local.authUrl,
    introspectionClientId,
    introspectionClientSecret,
  },
  token,
});
const unfit = report.checks.filter(({ status }) => status !== "ok");
if (unfit.length > 0) {
  throw new Error(`The packed doctor found ${JSON.stringify(unfit)}`);
}
await local.close();
server.closeAllConnections();
server.close();
console.log("The packages work on", process.version);
