// A process with a gate of its own, which `measures/shared_cache.ts` starts: 32 callers present a number
// of tokens, each once, and it prints the calls per second.
// Arguments: AUTH_URL, REDIS_URL or "", number of TOKENS
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

// Warm up the code; the tokens below are still unknown.
for (let i = 0; i < 500; i++) await call("warm");
let next = 0;
const time = await timed(() =>
  Promise.all(Array.from({ length: CALLERS }, async () => {
    while (next < Number(tokens)) await call(`token-${next++}`);
  }))
);
console.log(Number(tokens) * 1000 / time);
Deno.exit();
