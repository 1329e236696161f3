/**
 * The arguments of the program: each option of `startLocalPropelAuth` as a flag. Pure: no clock, no
 * network.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { LocalPropelAuthOptions, LocalScope, LocalUser } from "../options/local_options.ts";

/** The text of `--help`. */
export const HELP = `Starts a local PropelAuth beside your own MCP server, for development.

Usage: propelauth-local [options]

  --server-url URL           where clients reach your server
                             (http://127.0.0.1:8000)
  --env FILE                 write the four variables into a file, which is
                             removed at the end, instead of printing them
  --port PORT                where the local PropelAuth listens (8001)
  --scope NAME               a configured scope; again for each further one
  --optional-scope NAME      a scope that a user may decline
  --user EMAIL[,ORG[,ROLE]]  a user, with an organization and a role in it
  --resource URL             an MCP server that tokens may be issued for (any)
  --auto-consent-as EMAIL    log in as this user without a page
  --state FILE               keep clients and logins over a restart
  --token-seconds N          the lifetime of an access token (5400)
  --refresh-token-seconds N  the lifetime of a refresh token (2592000)
  --no-rotation              keep a refresh token when it is used
  --no-registration          let no client register itself
  --no-resource-needed       accept requests without resource or state
  --issuer-form FORM         "path", or "bare" without /oauth/2.1
  --client-id ID             of the server's introspection requests (generated)
  --client-secret SECRET     the same
  --backend-api-key KEY      of requests about API keys (generated);
                             its variable is handed out too
  --hostname NAME            the name or address to listen on (127.0.0.1)
  --dangerously-listen-beyond-loopback
                             allow a hostname that other machines can reach
  --help                     this text

There are no passwords: anyone who reaches it can log in as any user.
Ctrl-C stops it.
`;

/** The arguments are wrong; the message says which. */
export class UsageError extends Error {}

/** The arguments by name. */
export interface Arguments {
  readonly help: boolean;
  readonly serverUrl: string;
  readonly envPath: string | undefined;
  readonly options: LocalPropelAuthOptions;
}

const DEFAULT_PORT = 8001;

/**
 * Reads the arguments. Their values are checked by `startLocalPropelAuth`.
 *
 * @param args The arguments that the user typed.
 * @returns The arguments by name.
 * @throws {UsageError} One is unknown, or is used wrongly.
 */
export function readArguments(args: readonly string[]): Arguments {
  const values = parse(args);
  const serverUrl = values["server-url"] ?? "http://127.0.0.1:8000";
  if (!URL.canParse(serverUrl) || !/^https?:/i.test(serverUrl)) {
    throw new UsageError("--server-url must be an http or https URL. See --help");
  }
  const scopes = [
    ...(values.scope ?? []),
    ...(values["optional-scope"] ?? []).map((name): LocalScope => ({ name, optional: true })),
  ];
  // RFC 6749 lets a scope contain a comma, but on a command line a comma is meant to separate two.
  if (scopes.some((scope) => (typeof scope === "string" ? scope : scope.name).includes(","))) {
    throw new UsageError("--scope takes one scope: give it again for each further one. See --help");
  }
  const form = values["issuer-form"];
  if (form !== undefined && form !== "path" && form !== "bare") {
    throw new UsageError('--issuer-form must be "path" or "bare". See --help');
  }
  return {
    help: values.help === true,
    serverUrl,
    envPath: values.env,
    options: defined({
      port: number("--port", values.port) ?? DEFAULT_PORT,
      hostname: values.hostname,
      dangerouslyListenBeyondLoopback: values["dangerously-listen-beyond-loopback"],
      issuerForm: form,
      users: values.user?.map(readUser),
      scopes: scopes.length > 0 ? scopes : undefined,
      resources: values.resource,
      accessTokenExpiresInSeconds: number("--token-seconds", values["token-seconds"]),
      refreshTokenExpiresInSeconds: number(
        "--refresh-token-seconds",
        values["refresh-token-seconds"],
      ),
      rotateRefreshTokens: values["no-rotation"] ? false : undefined,
      dynamicRegistration: values["no-registration"] ? false : undefined,
      requireResource: values["no-resource-needed"] ? false : undefined,
      autoConsentAs: values["auto-consent-as"],
      introspectionClientId: values["client-id"],
      introspectionClientSecret: values["client-secret"],
      backendApiKey: values["backend-api-key"],
      stateFile: values.state,
    }),
  };
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  const texts = { type: "string", multiple: true } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        "server-url": text,
        "env": text,
        "port": text,
        "scope": texts,
        "optional-scope": texts,
        "user": texts,
        "resource": texts,
        "auto-consent-as": text,
        "state": text,
        "token-seconds": text,
        "refresh-token-seconds": text,
        "no-rotation": flag,
        "no-registration": flag,
        "no-resource-needed": flag,
        "issuer-form": text,
        "client-id": text,
        "client-secret": text,
        "backend-api-key": text,
        "hostname": text,
        "dangerously-listen-beyond-loopback": flag,
        "help": flag,
      },
    }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message.split(". ")[0] : "Wrong arguments";
    throw new UsageError(`${message}. See --help`);
  }
}

function number(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  throw new UsageError(`${name} must be a whole number. See --help`);
}

function readUser(value: string): LocalUser {
  const [email = "", org, orgRole] = value.split(",");
  return defined({ email, orgId: org, orgName: org, orgRole });
}

/** The same without members that are `undefined`. */
function defined<T extends object>(
  object: { [K in keyof T]: T[K] | undefined },
): { [K in keyof T]: T[K] } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: T[K] };
}
