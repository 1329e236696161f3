// One of many instances of a protected server: prints its URL, and ends when its standard input does.
// Its settings are one JSON argument. Beside the MCP endpoint it serves `/stats`, and takes orders
// to forget at `/forget`.
import { createPropelAuth } from "@x/propelauth-mcp";
import { createRedisCache } from "@x/propelauth-mcp/redis";
import { CLIENTS } from "./clients.ts";
import type { InstanceSettings, InstanceStats } from "./instances.ts";

const settings: InstanceSettings = JSON.parse(Deno.args[0] ?? "{}");
const connect = CLIENTS[settings.client];
if (connect === undefined) throw new Error(`There is no client ${settings.client}`);
const { client } = connect(settings.redisUrl);

const events: Record<string, number> = {};
const auth = createPropelAuth({
  authUrl: settings.authUrl,
  introspectionClientId: settings.introspectionClientId,
  introspectionClientSecret: settings.introspectionClientSecret,
  baseUrl: settings.baseUrl,
  tokenIntrospectionOverrides: { cacheTtlSeconds: settings.cacheTtlSeconds },
  sharedCache: createRedisCache(client),
  onEvent: ({ code, ...facts }) => {
    const name = "source" in facts ? `${code} ${facts.source}` : code;
    events[name] = (events[name] ?? 0) + 1;
  },
});

async function answerOthers(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/stats") {
    const stats: InstanceStats = { events, memory: Deno.memoryUsage().rss };
    return Response.json(stats);
  }
  const token = searchParams.get("token");
  const subject = searchParams.get("subject");
  try {
    if (token !== null) await auth.forget(token);
    if (subject !== null) await auth.forgetSubject(subject);
    return new Response("forgotten");
  } catch {
    return new Response("the others could not be told", { status: 503 });
  }
}

const handler = auth.handler(
  () => new Response(auth.getAccessToken()?.subject),
  { fallback: answerOthers },
);
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
await Deno.stdout.write(new TextEncoder().encode(`http://127.0.0.1:${server.addr.port}\n`));
await Deno.stdin.readable.pipeTo(new WritableStream());
Deno.exit();
