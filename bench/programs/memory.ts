// Fills the cache with tokens, and prints JSON: the bytes of each token, the milliseconds of a full garbage
// collection, and the microseconds of a warm verification. Argument: number of TOKENS
// deno-lint-ignore-file no-console
import process from "node:process";
import { createPropelAuth } from "@x/propelauth-mcp";

const tokens = Number(process.argv[2]);
const collect: unknown = Reflect.get(globalThis, "gc");
if (typeof collect !== "function") throw new Error("Start it with --expose-gc");

/** As the local PropelAuth answers; each user has other values. */
function answer(number: string): Response {
  const id = `1bf3b5a4-4b40-4f5c-8d0e-${number.padStart(12, "0")}`;
  return Response.json({
    active: true,
    sub: id,
    user_id: id,
    username: `someone-${number}@example.com`,
    email: `someone-${number}@example.com`,
    client_id: "client-1-abcdef",
    scope: "read:user_data write:note",
    token_type: "Bearer",
    iss: "https://auth.example.com/oauth/2.1",
    aud: "https://mcp.example.com/mcp",
    iat: 1_700_000_000 + Number(number),
    exp: 1_990_000_000 + Number(number),
  });
}

const { verifier } = createPropelAuth({
  authUrl: "https://auth.example.com",
  introspectionClientId: "id",
  introspectionClientSecret: "secret",
  baseUrl: "https://mcp.example.com",
  tokenIntrospectionOverrides: {
    cacheTtlSeconds: 3600,
    maxCacheSize: tokens,
    fetch: (_url, { body }) =>
      Promise.resolve(answer(/\d+/.exec(String(body).replace(/&.*/, ""))?.[0] ?? "")),
  },
});
const tokenOf = (i: number): string => `pa_${"x".repeat(50)}${1_000_000 + i}`;
const heap = (): number => {
  collect();
  return process.memoryUsage().heapUsed + process.memoryUsage().external;
};
const cpu = (): number => process.cpuUsage().user + process.cpuUsage().system;

for (let i = 0; i < 1_000; i++) await verifier.verifyAccessToken(tokenOf(i));
const before = heap();
for (let i = 1_000; i < tokens; i++) await verifier.verifyAccessToken(tokenOf(i));
const bytes = (heap() - before) / (tokens - 1_000);

// Lets go of objects that the engine and the runtime keep until the end of a turn.
for (let turn = 0; turn < 3; turn++) {
  await new Promise((resolve) => setTimeout(resolve, 10));
  collect();
}
// The shortest of several: other programs can only make one longer.
const collections = Array.from({ length: 9 }, () => {
  const start = performance.now();
  collect();
  return performance.now() - start;
});

const warm = Math.min(tokens, 100_000);
const start = cpu();
for (let i = 0; i < warm; i++) await verifier.verifyAccessToken(tokenOf((i * 7919) % tokens));
console.log(
  JSON.stringify({ bytes, collection: Math.min(...collections), warm: (cpu() - start) / warm }),
);
process.exit();
