// A process with a gate of its own that `shared_cache.ts` starts: verifies so many tokens, each once,
// from 32 callers, and prints how many it did in a second. Usage: AUTH_URL REDIS_URL or "" TOKENS
// deno-lint-ignore-file no-console
import { createPropelAuth } from "@x/propelauth-mcp";
import { createRedisCache } from "@x/propelauth-mcp/redis";
import { createClient } from "redis";
import { timed } from "../figure.ts";
import { CALL, createMcpServer, expectHello } from "../fixture.ts";

const CALLERS = 32;
const [authUrl = "", redisUrl = "", tokens = ""] = Deno.args;

const options = {
  authUrl,
  introspectionClientId: "id",
  introspectionClientSecret: "secret",
  baseUrl: "https://mcp.example.com",
  tokenIntrospectionOverrides: { cacheTtlSeconds: 3600 },
};
const client = redisUrl === "" ? undefined : await createClient({ url: redisUrl }).connect();
const gate = createPropelAuth(
  client ? { ...options, sharedCache: createRedisCache(client) } : options,
);
const handler = gate.handler(createMcpServer());
const call = async (token: string): Promise<void> => {
  const headers = { ...CALL.headers, "Authorization": `Bearer ${token}` };
  const request = new Request("https://mcp.example.com/mcp", { ...CALL, headers });
  await expectHello(await handler(request));
};

// The code is warm, the tokens to come are not.
for (let i = 0; i < 500; i++) await call("warm");
let next = 0;
const time = await timed(() =>
  Promise.all(Array.from({ length: CALLERS }, async () => {
    while (next < Number(tokens)) await call(`token-${next++}`);
  }))
);
console.log(Number(tokens) * 1000 / time);
Deno.exit();
