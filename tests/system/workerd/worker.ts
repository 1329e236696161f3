/**
 * A Worker with a gate for each case of the test, all in one isolate. `x-case` names the gate.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { createPropelAuth, type PropelAuthOptions, type SharedCache } from "@x/propelauth-mcp";

interface Env {
  readonly BACKEND: string;
}

/** A shared cache behind real requests: each belongs to the request that sends it. */
function createCache(backend: string): SharedCache {
  const call = async (key: string, method: string, body: string | null = null) => {
    const response = await fetch(`${backend}/cache/${key}`, { method, body });
    const text = await response.text();
    if (response.status >= 500) throw new Error("no cache");
    return response.status === 404 ? null : text;
  };
  return {
    get: (key) => call(key, "GET"),
    set: async (key, value) => await call(key, "PUT", value) !== null,
    delete: (key) => call(key, "DELETE"),
  };
}

const CASES: Record<string, (backend: string) => Partial<PropelAuthOptions>> = {
  joined: () => ({}),
  // Two may be asked about at once, the others wait.
  queued: () => ({ tokenIntrospectionOverrides: { maxConcurrentIntrospections: 2 } }),
  outage: () => ({}),
  metadata: () => ({ forwardAuthorizationServerMetadata: true }),
  cached: (backend) => ({
    tokenIntrospectionOverrides: { cacheTtlSeconds: 60 },
    sharedCache: createCache(backend),
  }),
};

type Handler = (request: Request) => Promise<Response>;
const handlers = new Map<string, Handler>();

function handlerOf(name: string, { BACKEND }: Env): Handler {
  const known = handlers.get(name);
  if (known !== undefined) return known;
  const auth = createPropelAuth({
    authUrl: BACKEND,
    introspectionClientId: "id",
    introspectionClientSecret: "secret",
    baseUrl: "https://mcp.example.com",
    onEvent: ({ code }) => console.log(`event ${name} ${code}`),
    ...CASES[name]?.(BACKEND),
  });
  // A request that has waited for another one must still be able to send requests of its own.
  const handler = auth.handler(async () => await fetch(`${BACKEND}/tool`));
  handlers.set(name, handler);
  return handler;
}

export default {
  fetch: (request: Request, env: Env): Promise<Response> =>
    handlerOf(request.headers.get("x-case") ?? "", env)(request),
};
