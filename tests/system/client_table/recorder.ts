/**
 * A local PropelAuth behind a proxy that records the tokens it issues and the requests it gets, so
 * that a test can end them.
 *
 * @module
 */
import {
  type LocalPropelAuth,
  type LocalPropelAuthOptions,
  type MintTokenOptions,
  startLocalPropelAuth,
} from "@x/propelauth-local";
import { PUBLISHED } from "./policy.ts";

/** A running local PropelAuth and its records. */
export interface RecordingPropelAuth extends AsyncDisposable {
  readonly local: LocalPropelAuth;
  /** The Auth URL that clients and the MCP server use. */
  readonly authUrl: string;
  /** How many requests came for each path, such as `/oauth/2.1/token refresh_token`. */
  readonly counts: ReadonlyMap<string, number>;
  /** Issues a token without a login. */
  mintToken(options: MintTokenOptions): Promise<string>;
  /** Ends every access token issued so far. Their refresh tokens stay good. */
  endAccessTokens(): Promise<void>;
  /** Ends every token issued so far, as when the user is logged out. */
  endAllTokens(): Promise<void>;
}

/**
 * Starts both on free ports.
 *
 * @param options Those of the local PropelAuth, which has other defaults for the rest.
 */
export async function startRecordingPropelAuth(
  options: LocalPropelAuthOptions,
): Promise<RecordingPropelAuth> {
  const local = await startLocalPropelAuth({
    log: () => {},
    ...options,
    scopes: PUBLISHED.map((name) => ({ name, optional: true })),
  });
  const counts = new Map<string, number>();
  const access = new Set<string>();
  const refresh = new Set<string>();
  let authUrl = "";

  async function forward(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const body = await request.text();
    const grant = pathname.endsWith("/token") ? new URLSearchParams(body).get("grant_type") : null;
    const key = grant === null ? pathname : `${pathname} ${grant}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const headers = new Headers(request.headers);
    headers.delete("Host");
    const response = await fetch(local.authUrl + pathname + search, {
      method: request.method,
      headers,
      redirect: "manual",
      ...(body !== "" && { body }),
    });
    const text = toProxy(await response.text());
    if (grant !== null && response.ok) {
      const { access_token, refresh_token } = JSON.parse(text);
      access.add(access_token);
      if (refresh_token !== undefined) refresh.add(refresh_token);
    }
    const answered = new Headers(response.headers);
    for (const name of ["Content-Length", "Content-Encoding", "Transfer-Encoding"]) {
      answered.delete(name);
    }
    const location = answered.get("Location");
    if (location !== null) answered.set("Location", toProxy(location));
    const empty = response.status === 204 || response.status === 304;
    return new Response(empty ? null : text, { status: response.status, headers: answered });
  }

  /** The same text with the address of the proxy in place of the local PropelAuth's. */
  function toProxy(text: string): string {
    return text.replaceAll(local.authUrl, authUrl)
      .replaceAll(encodeURIComponent(local.authUrl), encodeURIComponent(authUrl));
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, forward);
  authUrl = `http://127.0.0.1:${server.addr.port}`;
  return {
    local,
    authUrl,
    counts,
    async mintToken(options) {
      const token = await local.mintToken(options);
      access.add(token);
      return token;
    },
    async endAccessTokens() {
      for (const token of access) await local.revoke(token);
    },
    async endAllTokens() {
      for (const token of [...refresh, ...access]) await local.revoke(token);
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await local.close();
    },
  };
}
