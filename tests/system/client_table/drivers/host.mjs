// The parts that drivers of JavaScript clients share: commands on standard input, and the parts of a host
// that a library leaves to its user: a place for tokens, and the browser.
import process from "node:process";
import { createInterface } from "node:readline";

export const url = new URL(process.env.MCP_URL);
export const info = { name: "client-table", version: "1.0.0" };
/** A token, for libraries without OAuth. */
export const token = process.env.MCP_TOKEN;

/** Runs the commands that the scenarios send, one at a time: connect, list, call, close. */
export async function serve(client) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`@@${JSON.stringify(await answer(client, JSON.parse(line)))}\n`);
  }
  process.exit(0);
}

/** Runs one command. */
export async function answer(client, { command, tool, input }) {
  try {
    const value = await client[command](tool, input);
    return { ok: true, text: typeof value === "string" ? value : JSON.stringify(value ?? null) };
  } catch (error) {
    return { ok: false, text: describe(error) };
  }
}

function describe(error) {
  const parts = [];
  for (let one = error; one !== undefined && one !== null; one = one.cause) {
    parts.push(one instanceof Error ? `${one.name}: ${one.message}` : String(one));
  }
  return parts.join(" <- ");
}

process.on("unhandledRejection", (error) => console.error("unhandled rejection:", describe(error)));
process.on("uncaughtException", (error) => console.error("uncaught exception:", describe(error)));

/** The text of a tool's result; throws when the result is an error. */
export function textOf(result) {
  const text = (result.content ?? []).map((part) => part.text).join("\n");
  if (result.isError) throw new Error(`isError: ${text}`);
  return text;
}

/** An `OAuthClientProvider` of the MCP SDK that keeps everything in memory. */
export function createProvider() {
  const state = {};
  return {
    state_: state,
    redirectUrl: "http://127.0.0.1:8976/callback",
    clientMetadata: {
      client_name: "client-table",
      redirect_uris: ["http://127.0.0.1:8976/callback"],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
    state: () => "state-of-the-client-table",
    clientInformation: () => state.client,
    saveClientInformation: (client) => void (state.client = client),
    tokens: () => state.tokens,
    saveTokens: (tokens) => void (state.tokens = tokens),
    codeVerifier: () => state.verifier,
    saveCodeVerifier: (verifier) => void (state.verifier = verifier),
    async redirectToAuthorization(authorizationUrl) {
      const open = new URL(process.env.BROWSER_URL);
      open.search = new URLSearchParams({ url: authorizationUrl.href, follow: "0" });
      const response = await fetch(open);
      if (!response.ok) throw new Error(`browser: ${await response.text()}`);
      state.answer = new URL(await response.text()).searchParams;
    },
    /** The answer of the last login, once. */
    takeAnswer() {
      const { answer } = state;
      delete state.answer;
      return answer;
    },
    invalidateCredentials(scope) {
      if (scope === "all" || scope === "tokens") delete state.tokens;
      if (scope === "all" || scope === "client") delete state.client;
    },
  };
}

/**
 * Does something, and repeats it once when it failed because a login began: the part of a login that
 * the MCP SDK leaves to its user.
 */
export async function withLogin(provider, run, finish) {
  try {
    return await run();
  } catch (error) {
    const answer = provider.takeAnswer();
    if (answer === undefined) throw error;
    await finish(answer);
    return await run();
  }
}
