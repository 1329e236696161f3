import { apiKeys } from "@x/propelauth-mcp/api-keys";
import { createPropelAuth, type PropelAuth } from "@x/propelauth-mcp";
import { atMost, cpuTimed, type Figure, pairedRatio } from "../figure.ts";
import { TOKEN } from "../fixture.ts";

const CALLS = 50_000;
const ROUNDS = 15;
const GARBAGE = 10_000;
const KEY = TOKEN.replace("pa_", "ak_");

/** A gate that lets keys in; its PropelAuth answers at once, or when the event loop has turned. */
function createKeyGate(ask: { isSlow?: boolean; isApiKey?: (credential: string) => boolean } = {}) {
  const token = JSON.stringify({
    active: true,
    sub: "1bf3b5a4-4b40-4f5c-8d0e-9f3e3f1f0a11",
    client_id: "client-1",
    scope: "read:user_data write:note",
    aud: "https://mcp.example.com/mcp",
    exp: 253_402_300_799,
  });
  const key = JSON.stringify({
    metadata: { purpose: "ci" },
    user: { user_id: "1bf3b5a4-4b40-4f5c-8d0e-9f3e3f1f0a11", email: "a@example.com" },
  });
  const counts = { questions: 0, atOnce: 0, mostAtOnce: 0 };
  const answer = (url: string, body: string): Response => {
    if (url.endsWith("/introspect")) {
      return new Response(body.includes(TOKEN) ? token : '{"active":false}');
    }
    return body.includes(KEY) ? new Response(key) : new Response("{}", { status: 400 });
  };
  const { isSlow = false, isApiKey } = ask;
  const auth: PropelAuth = createPropelAuth({
    authUrl: "https://auth.example.com",
    introspectionClientId: "id",
    introspectionClientSecret: "secret",
    baseUrl: "https://mcp.example.com",
    requiredScopes: ["read:user_data"],
    apiKeys: apiKeys({
      backendApiKey: "backend",
      scopes: ["read:user_data", "write:note"],
      ...(isApiKey && { isApiKey }),
    }),
    tokenIntrospectionOverrides: {
      cacheTtlSeconds: 3600,
      fetch: async (url, init) => {
        counts.questions++;
        counts.mostAtOnce = Math.max(counts.mostAtOnce, ++counts.atOnce);
        if (isSlow) await new Promise<void>((resolve) => setTimeout(resolve));
        counts.atOnce--;
        return answer(url, String(init.body));
      },
    },
  });
  return { verify: auth.verifier.verifyAccessToken, counts };
}

/** Compares a warm API key with a warm access token. */
export async function measureWarmKey(): Promise<Figure[]> {
  const { verify } = createKeyGate();
  await verify(TOKEN);
  await verify(KEY);
  const run = (credential: string) =>
    cpuTimed(async () => {
      for (let call = 0; call < CALLS; call++) await verify(credential);
    });
  const ratio = await pairedRatio(ROUNDS, () => run(KEY), () => run(TOKEN));
  return [atMost("a warm API key / a warm access token", ratio, 1.05)];
}

/** Counts the questions about cold API keys, and those of a flood of garbage. */
export async function measureKeyQuestions(): Promise<Figure[]> {
  const cold = createKeyGate();
  await cold.verify(KEY);
  const known = createKeyGate({ isApiKey: (credential) => credential.startsWith("ak_") });
  await known.verify(KEY);
  const flood = createKeyGate({ isSlow: true });
  for (let sent = 0; sent < GARBAGE; sent += 1_000) {
    const credentials = Array.from({ length: 1_000 }, (_, i) => `garbage-${sent + i}`);
    await Promise.allSettled(credentials.map((credential) => flood.verify(credential)));
  }
  const again = flood.counts.questions;
  await Promise.allSettled(
    Array.from({ length: 1_000 }, (_, i) => flood.verify(`garbage-${GARBAGE - 1 - i}`)),
  );
  const what = `questions for ${GARBAGE.toLocaleString("en")} requests with distinct garbage`;
  return [
    { ...atMost("questions about a cold API key", cold.counts.questions, 2, "", 0), isExact: true },
    {
      ...atMost("the same with isApiKey", known.counts.questions, 1, "", 0),
      isExact: true,
    },
    { ...atMost(what, again, 2 * GARBAGE, "", 0), isExact: true },
    {
      ...atMost(
        "the same garbage again, of the last 1,000",
        flood.counts.questions - again,
        0,
        "",
        0,
      ),
      isExact: true,
    },
    // Not exact: a machine that stalls for a second has the places of the questions under way lapse.
    atMost("the most of them at once", flood.counts.mostAtOnce, 100, "", 0),
  ];
}
