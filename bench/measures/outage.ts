import { createPropelAuth, type PropelAuth } from "@x/propelauth-mcp";
import { atMost, type Figure, timed } from "../figure.ts";
import { CALL, createMcpServer, expectHello } from "../fixture.ts";
import { startProgram } from "../start_program.ts";

const BASE_URL = "https://mcp.example.com";
const MCP_URL = `${BASE_URL}/mcp`;

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Creates a gate whose PropelAuth is a function; without one it asks over the network. */
function createGate(authUrl: string, cacheTtlSeconds: number, fetch?: Fetch): PropelAuth {
  return createPropelAuth({
    authUrl,
    introspectionClientId: "id",
    introspectionClientSecret: "secret",
    baseUrl: BASE_URL,
    tokenIntrospectionOverrides: { cacheTtlSeconds, ...(fetch && { fetch }) },
  });
}

/** Creates a gate that counts its introspections; each is answered at once. */
function createCountedGate(answer: () => Response) {
  const counted = { asked: 0, atOnce: 0, most: 0, gate: createGate(BASE_URL, 0, ask) };
  async function ask(): Promise<Response> {
    counted.asked++;
    counted.most = Math.max(counted.most, ++counted.atOnce);
    await new Promise((resolve) => setTimeout(resolve, 0));
    counted.atOnce--;
    return answer();
  }
  return counted;
}

const request = (token: string, url = MCP_URL) =>
  new Request(url, { ...CALL, headers: { ...CALL.headers, "Authorization": `Bearer ${token}` } });

const failing = () => new Response(null, { status: 500 });
const inactive = () => Response.json({ active: false });

/** Measures the time of a request that is refused because the breaker is open. */
export async function measureOpenBreaker(): Promise<Figure[]> {
  const handler = createCountedGate(failing).gate.handler(() => new Response("unreachable"));
  const refuse = async (calls: number): Promise<void> => {
    for (let call = 0; call < calls; call++) {
      const { status } = await handler(request(`token-${call}`));
      if (status !== 503) throw new Error(`The gate answered ${status}`);
    }
  };
  await refuse(1_000);
  const time = await timed(() => refuse(10_000)) / 10_000;
  return [atMost("a refusal with the breaker open", time, 1, " ms", 3)];
}

/** Counts the introspections during each kind of flood. */
export async function measureFloods(): Promise<Figure[]> {
  const figures: Figure[] = [];
  const flood = async (
    what: string,
    goal: number,
    answer: () => Response,
    requestOf: (call: number) => Request,
  ): Promise<void> => {
    const counted = createCountedGate(answer);
    const handler = counted.gate.handler(() => new Response("hello"));
    for (let call = 0; call < 10_000; call += 2_000) {
      const calls = Array.from({ length: 2_000 }, (_, i) => handler(requestOf(call + i)));
      await Promise.all(calls);
    }
    const asked = atMost(`introspections for 10,000 ${what}`, counted.asked, goal, "", 0);
    figures.push({ ...asked, isExact: true });
    if (goal > 1_000) {
      figures.push({ ...atMost(`at once, of these`, counted.most, 100, "", 0), isExact: true });
    }
  };
  await flood("requests with one dead token", 1, inactive, () => request("dead"));
  await flood("requests with distinct dead tokens", 10_000, inactive, (i) => request(`dead-${i}`));
  await flood("requests in an outage", 105, failing, (i) => request(`token-${i}`));
  await flood(
    "requests with malformed credentials",
    0,
    inactive,
    (i) => request(`two tokens ${i}`),
  );
  await flood("requests on another path", 0, inactive, (i) => request(`t-${i}`, `${BASE_URL}/a`));
  return figures;
}

const CALLERS = 32;

/** Measures the protected calls per second of 32 callers with a PropelAuth that takes 25 ms. */
export async function measureSlowPropelAuth(): Promise<Figure[]> {
  const propelAuth = await startProgram("programs/propelauth.ts", MCP_URL);
  try {
    const without = await callsPerSecond(createGate(propelAuth.line, 0), 60);
    const cached = await callsPerSecond(createGate(propelAuth.line, 3600), 300);
    const rate = (perSecond: number) => `${perSecond.toFixed(0)} calls/s`;
    return [
      { what: "PropelAuth of 25 ms, 32 callers, without the cache", measured: rate(without) },
      { what: "the same with the cache", measured: rate(cached) },
      { what: "the cache / none", measured: (cached / without).toFixed(1) },
    ];
  } finally {
    await propelAuth.stop();
  }
}

/** Each caller has its own token, and calls again as soon as it has the response. */
async function callsPerSecond(gate: PropelAuth, calls: number): Promise<number> {
  const handler = gate.handler(createMcpServer());
  const run = (each: number) =>
    timed(() =>
      Promise.all(Array.from({ length: CALLERS }, async (_, caller) => {
        for (let call = 0; call < each; call++) {
          await expectHello(await handler(request(`token-of-${caller}`)));
        }
      }))
    );
  await run(10);
  return CALLERS * calls * 1000 / await run(calls);
}
