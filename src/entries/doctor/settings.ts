/**
 * The settings, as `createPropelAuth.fromEnv` would read them, one by one.
 *
 * @module
 */

import { readOptions, type ReadVariable, REQUIRED_VARIABLES } from "../../options/environment.ts";
import { resolveAuthUrl } from "../../options/urls.ts";
import { type ResolvedOptions, resolveOptions } from "../../options/resolve_options.ts";
import type { PropelAuthOptions } from "../../options/propel_auth_options.ts";
import { type CheckId, failed, ok, type Outcome } from "./report.ts";
import { describeSetting } from "./show.ts";

const SCOPES_VARIABLE = "PROPELAUTH_REQUIRED_SCOPES";

/** Values for the variables that are missing: the core checks the other ones only with these set. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  PROPELAUTH_AUTH_URL: "https://auth.invalid",
  PROPELAUTH_INTROSPECTION_CLIENT_ID: "id",
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "secret",
  SERVER_URL: "https://mcp.invalid",
};

const CHECK_OF: Readonly<Record<(typeof REQUIRED_VARIABLES)[number]["option"], CheckId>> = {
  authUrl: "auth_url",
  introspectionClientId: "client_id",
  introspectionClientSecret: "client_secret",
  baseUrl: "server_url",
};

/** The settings, and the outcomes of their checks. */
export interface Settings {
  /** Every option, with placeholders for those that are missing. */
  readonly options: ResolvedOptions;
  /** Whether the introspection credentials are set and well formed. */
  readonly known: { readonly credentials: boolean };
  /** The Auth URL without slashes at its end; absent without a well-formed one. */
  readonly authUrl: string | undefined;
  /** The MCP endpoint; absent without a well-formed server URL, or with one for each organization. */
  readonly mcpUrl: URL | undefined;
  /** The outcome of each check, in the order of the report. */
  readonly outcomes: readonly [CheckId, Outcome][];
}

/**
 * Reads and checks the settings.
 *
 * @param readVariable Reads one environment variable.
 * @param overrides Options that are given in code and win over the environment.
 * @returns The settings and what is wrong with them.
 * @throws {TypeError} An option in `overrides` that no variable gives breaks its rule.
 */
export function readSettings(
  readVariable: ReadVariable,
  overrides: Partial<PropelAuthOptions>,
): Settings {
  const outcomes: [CheckId, Outcome][] = [];
  const good: Record<string, string> = {};
  const known = new Set<string>();
  const given: Partial<PropelAuthOptions> = { ...overrides };
  for (const { variable, option, found } of REQUIRED_VARIABLES) {
    const secret = option.startsWith("introspectionClient");
    const inCode = overrides[option] !== undefined;
    const value = overrides[option] ?? tryRead(readVariable, variable);
    const outcome = value instanceof Unreadable
      ? failed(`${variable} may not be read`, "Start the program with --allow-env.")
      : judgeSetting(
        inCode ? `option ${option}` : variable,
        value,
        secret,
        found,
        (tried) =>
          inCode
            ? resolve(() => undefined, { [option]: tried })
            : resolve((name) => name === variable ? tried : undefined, {}),
      );
    outcomes.push([CHECK_OF[option], outcome]);
    if (outcome.status === "failed") delete given[option];
    else {
      known.add(option);
      if (!inCode) good[variable] = String(value);
    }
  }
  const scopes = judgeScopes(readVariable, overrides);
  outcomes.push(["required_scopes", scopes.outcome]);
  if (scopes.text !== undefined) good[SCOPES_VARIABLE] = scopes.text;
  // It is compared with a server URL that is not there.
  if (!known.has("baseUrl")) delete given.resource;
  const options = resolve((name) => good[name], given);
  const authUrl = given.authUrl ?? good["PROPELAUTH_AUTH_URL"];
  return {
    options,
    known: {
      credentials: known.has("introspectionClientId") && known.has("introspectionClientSecret"),
    },
    authUrl: authUrl === undefined ? undefined : resolveAuthUrl(authUrl),
    // The resource is on the same origin, so its own path does not matter.
    mcpUrl: known.has("baseUrl") && !options.mcpPath.includes("{")
      ? new URL(options.mcpPath, options.resource)
      : undefined,
    outcomes,
  };
}

/** A variable that Deno does not let this program read. */
class Unreadable {}

function tryRead(readVariable: ReadVariable, name: string): string | undefined | Unreadable {
  try {
    return readVariable(name);
  } catch {
    return new Unreadable();
  }
}

function resolve(
  readVariable: ReadVariable,
  overrides: Partial<PropelAuthOptions>,
): ResolvedOptions {
  const read = (name: string) => readVariable(name) ?? PLACEHOLDERS[name];
  return resolveOptions(readOptions(read, overrides));
}

function judgeSetting(
  name: string,
  value: string | URL | undefined,
  secret: boolean,
  found: string,
  attempt: (value: string) => unknown,
): Outcome {
  const text = String(value ?? "").trim();
  if (text === "") return failed(`${name} is missing or blank`, `Set it: ${found}.`);
  if (/^(["']).*\1$/.test(text)) {
    const why = "Take the quotes away: docker's --env-file keeps them as part of the value.";
    return failed(`${name} is in quotes`, why);
  }
  const rule = breachOf(() => attempt(text));
  if (rule !== undefined) {
    const received = secret ? `a text of ${text.length} characters` : describeSetting(value);
    return failed(`${name} is ${received}`, `It must be ${rule}: ${found}.`);
  }
  return ok(secret ? `set, ${text.length} characters` : text);
}

function judgeScopes(
  readVariable: ReadVariable,
  overrides: Partial<PropelAuthOptions>,
): { outcome: Outcome; text?: string } {
  if (overrides.requiredScopes !== undefined) {
    const { requiredScopes } = resolve(() => undefined, {
      requiredScopes: overrides.requiredScopes,
    });
    return { outcome: ok(requiredScopes.join(" ") || "none") };
  }
  const text = tryRead(readVariable, SCOPES_VARIABLE);
  if (text instanceof Unreadable) {
    return {
      outcome: failed(
        `${SCOPES_VARIABLE} may not be read`,
        "Start the program with --allow-env.",
      ),
    };
  }
  if (text === undefined || text.trim() === "") return { outcome: ok("none") };
  const read = (name: string) => name === SCOPES_VARIABLE ? text : undefined;
  const rule = breachOf(() => resolve(read, {}));
  if (rule !== undefined) {
    return { outcome: failed(`${SCOPES_VARIABLE} is malformed`, `It must be ${rule}.`) };
  }
  return { outcome: ok(resolve(read, {}).requiredScopes.join(" ")), text };
}

/** The rule that is broken, out of the core's own sentence. */
function breachOf(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    return /must be (.+): received/.exec(message)?.[1] ?? "well formed";
  }
}
