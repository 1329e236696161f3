/**
 * Starts a local PropelAuth: listens first, then creates the server for the actual port.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import process from "node:process";
import { createApiKeys } from "./api_keys/api_keys.ts";
import { API_KEYS_PAGE } from "./http/api_key_page.ts";
import { createListener } from "./http/listener.ts";
import type { LocalPropelAuthOptions } from "./options/local_options.ts";
import type { LocalPropelAuth } from "./options/local_propelauth.ts";
import {
  importProvider,
  type Provider,
  type ProviderModule,
} from "./provider/import_oidc_provider.ts";
import { CANNOT_START, createRules } from "./options/check_option.ts";
import {
  type ResolvedOptions,
  resolveOptions,
  type RunningOptions,
} from "./options/resolve_options.ts";
import { resolveApiKeyOptions, resolveLimit } from "./options/resolve_api_key_options.ts";
import { resolveMintOptions } from "./options/resolve_mint_options.ts";
import { endGrant } from "./provider/adapter.ts";
import { createProvider, generateKey, MOUNT } from "./provider/provider_settings.ts";
import { createStateWriter, readState, type State } from "./provider/state_file.ts";
import { createStore, type Store } from "./provider/store.ts";
import { userClaims } from "./options/users.ts";

/**
 * Starts a stand-in for PropelAuth on this machine. It is for development: anyone who reaches it can
 * sign in as any user.
 *
 * @param options Every option has a default.
 * @returns The running local PropelAuth. The caller closes it.
 * @throws {TypeError} An option is unknown or malformed, or `stateFile` cannot be used.
 * @throws {RangeError} A number is out of its bounds.
 * @throws {Error} The port is in use, or cannot be listened on.
 *
 * @example A token without a login
 * ```ts ignore
 * import { startLocalPropelAuth } from "@x/propelauth-local";
 * const local = await startLocalPropelAuth();
 * const resource = "http://127.0.0.1:8000/mcp";
 * const token = await local.mintToken({ subject: "owner@acme.example", resource });
 * await local.close();
 * ```
 */
export async function startLocalPropelAuth(
  options: LocalPropelAuthOptions = {},
): Promise<LocalPropelAuth> {
  const resolved = resolveOptions(options);
  const write = resolved.log ?? ((line: string): void => void process.stderr.write(`${line}\n`));
  const log = (line: string): void => {
    try {
      const returned: unknown = write(line);
      if (returned instanceof Promise) returned.catch(() => {});
    } catch {
      // The local PropelAuth keeps running without the caller's log.
    }
  };
  const state = resolved.stateFile === undefined ? { entries: {} } : readState(resolved.stateFile);
  // First, since it takes a while: nothing answers a request that comes before build() has ended.
  const module = await importProvider();
  const server = createServer();
  const authUrl = await listen(server, resolved);
  try {
    const running = build(module, server, authUrl, { ...resolved, log }, state);
    log(`Local PropelAuth at ${authUrl}: for development only, not for production.`);
    return running;
  } catch (error) {
    await close(server);
    throw error;
  }
}

const revoking = createRules("Cannot revoke");

/** The real clock: oidc-provider reads it too, and takes no other. */
const now = (): number => Math.floor(Date.now() / 1000);

function build(
  module: ProviderModule,
  server: Server,
  authUrl: string,
  options: RunningOptions,
  state: State,
): LocalPropelAuth {
  const issuer = options.issuerForm === "path" ? authUrl + MOUNT : authUrl;
  const key = state.key ?? generateKey();
  const credentials = chooseCredentials(options, state);
  const store = createStore(state.entries, now, () => writer?.change());
  const apiKeys = createApiKeys(store, now);
  const collect = (): State => ({ entries: store.entries(), key, ...credentials });
  const writer = options.stateFile === undefined
    ? undefined
    : createStateWriter(options.stateFile, collect, options.log);
  const stop = async (): Promise<void> => {
    await close(server);
    writer?.flush();
  };
  const provider = createProvider({ module, issuer, options, store, key, now, ...credentials });
  provider.on("server_error", (_context, error) => {
    options.log(`Local PropelAuth: ${error instanceof Error ? error.stack : error}`);
  });
  const { backendApiKey } = credentials;
  const parts = { provider, options, store, apiKeys, backendApiKey, now, authUrl, issuer };
  server.on("request", createListener(parts));
  return {
    authUrl,
    issuer,
    ...credentials,
    apiKeysUrl: authUrl + API_KEYS_PAGE,
    users: options.users,
    scopes: options.scopes.map(({ name }) => name),
    mintToken: createMint(provider, store, options),
    mintApiKey(given = {}) {
      return settle(() => apiKeys.create(resolveApiKeyOptions(given, options.users)).apiKey);
    },
    listApiKeys: () => settle(apiKeys.list),
    limitApiKeys: (given) => settle(() => apiKeys.limit(resolveLimit(given))),
    revoke(token) {
      return settle(() => {
        revoking.secret("token", token, "a non-empty string", /\S/);
        const refresh = store.find("RefreshToken", token);
        store.destroy("AccessToken", token);
        apiKeys.revoke(apiKeys.find(token)?.id ?? "");
        if (refresh !== undefined) endGrant(store, String(refresh["grantId"]));
      });
    },
    close: stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The credentials of the MCP server: those of the options, else of the state file, else new ones. */
function chooseCredentials(options: ResolvedOptions, state: State) {
  const choose = (name: CredentialName, bytes: number): string =>
    options[name] ?? state[name] ?? randomBytes(bytes).toString("hex");
  return {
    introspectionClientId: choose("introspectionClientId", 12),
    introspectionClientSecret: choose("introspectionClientSecret", 24),
    backendApiKey: choose("backendApiKey", 32),
  };
}

type CredentialName = "introspectionClientId" | "introspectionClientSecret" | "backendApiKey";

/** Creates the function that issues a token without a login; its client is registered if it is unknown. */
function createMint(
  provider: Provider,
  store: Store,
  options: ResolvedOptions,
): LocalPropelAuth["mintToken"] {
  return async (given) => {
    const { user, scope, resource, expiresIn, clientId, claims } = resolveMintOptions(
      given,
      options,
    );
    if (store.find("Client", clientId) === undefined) {
      const redirect_uris = ["http://127.0.0.1/"];
      const metadata = new provider.Client({ client_id: clientId, redirect_uris }).metadata();
      store.upsert("Client", clientId, metadata);
    }
    const extra = { ...userClaims(user), ...claims };
    const token = { accountId: user.id, clientId, aud: resource, scope, expiresIn, extra };
    return await new provider.AccessToken(token).save();
  };
}

/** Runs a function at once, and turns an error that it throws into a rejection. */
function settle<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => resolve(run()));
}

async function listen(server: Server, { hostname, port }: ResolvedOptions): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: Error & { code?: string }) => {
      const { code = "", message } = cause;
      // Deno looks a name up before it listens: this is its error for a missing permission.
      const hint = code === "EPERM" ? `; Deno needs --allow-net=${hostname}` : "";
      const reason = code === "EADDRINUSE"
        ? "is in use"
        : `cannot be listened on: ${message}${hint}`;
      const where = `port ${port} on ${hostname}`;
      const error = new Error(`${CANNOT_START}: ${where} ${reason}`, { cause });
      reject(Object.assign(error, { code }));
    });
    server.listen(port, hostname, resolve);
  });
  const address = server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  // Servers and clients leave out :80, and compare the issuer to the letter.
  return new URL(`http://${host}:${actual}`).origin;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
