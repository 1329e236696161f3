/**
 * The settings, as `createPropelAuth.fromEnv` would read them, one by one.
 *
 * @module
 */

import { BrokenRule, refuseAs } from "../../lib/broken_rule.ts";
import {
  readEnvironment,
  type ReadVariable,
  REQUIRED_VARIABLES,
  SCOPES_VARIABLE,
} from "../../options/environment.ts";
import { type ResolvedOptions, resolveOptions } from "../../options/resolve_options.ts";
import type { PropelAuthOptions } from "../../options/propel_auth_options.ts";
import {
  type ApiKeys,
  findSource,
  type FurtherSource,
} from "../../verification/credential_source.ts";
import { apiKeys } from "../api_keys/mod.ts";
import { BACKEND_API_KEY_VARIABLE } from "../api_keys/options.ts";
import { type CheckId, failed, ok, type Outcome } from "./report.ts";
import { judgeOrigin } from "./checks/propelauth.ts";
import { describeSetting } from "./show.ts";

/** Stands in for what is missing, so that the rest can be checked by the core's own rules. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  PROPELAUTH_AUTH_URL: "https://auth.invalid",
  PROPELAUTH_INTROSPECTION_CLIENT_ID: "id",
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "secret",
  SERVER_URL: "https://mcp.invalid",
  PROPELAUTH_API_KEY: "key",
};

const CHECK_OF: Readonly<Record<(typeof REQUIRED_VARIABLES)[number]["option"], CheckId>> = {
  authUrl: "auth_url",
  introspectionClientId: "client_id",
  introspectionClientSecret: "client_secret",
  baseUrl: "server_url",
};

/** The settings that there are. */
export interface Settings {
  /** Every option, with placeholders for what is missing. */
  readonly options: ResolvedOptions;
  /** Whether the credentials are set and well formed. */
  readonly known: { readonly credentials: boolean };
  /** The Auth URL without slashes at its end; absent when there is no well-formed one. */
  readonly authUrl: string | undefined;
  /** The MCP endpoint; absent without a well-formed server URL, or with one for each organization. */
  readonly mcpUrl: URL | undefined;
  /** The option `apiKeys`, or one that the backend API key alone gives; absent without both. */
  readonly apiKeys: KnownApiKeys | undefined;
  /** The outcome for each setting. */
  readonly outcomes: readonly [CheckId, Outcome][];
}

/** How PropelAuth is asked about API keys, or why the backend API key cannot be one. */
type KnownApiKeys =
  | { readonly source: FurtherSource; readonly isInCode: boolean }
  | { readonly brokenRule: string; readonly length: number };

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
  return refuseAs("Cannot diagnose", () => judgeSettings(readVariable, overrides));
}

function judgeSettings(
  readVariable: ReadVariable,
  overrides: Partial<PropelAuthOptions>,
): Settings {
  const outcomes: [CheckId, Outcome][] = [];
  const good: Record<string, string> = {};
  const known = new Set<string>();
  const given: Partial<PropelAuthOptions> = { ...overrides };
  // The options on which the rules of the four variables depend.
  const { mcpPath, dangerouslyAllowHttp } = overrides;
  const context: Partial<PropelAuthOptions> = {
    ...(mcpPath !== undefined && { mcpPath }),
    ...(dangerouslyAllowHttp !== undefined && { dangerouslyAllowHttp }),
  };
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
          breachOf(
            option,
            () =>
              inCode
                ? resolve(() => undefined, { ...context, [option]: tried })
                : resolve((name) => name === variable ? tried : undefined, context),
          ),
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
  const bothKnown = known.has("authUrl") && known.has("baseUrl");
  // The resource has the origin of the server URL.
  const warned = bothKnown ? judgeOrigin(options.authUrl, options.resource) : undefined;
  return {
    options,
    known: {
      credentials: known.has("introspectionClientId") && known.has("introspectionClientSecret"),
    },
    authUrl: known.has("authUrl") ? options.authUrl : undefined,
    // The resource is on the same origin, so its own path does not matter.
    mcpUrl: known.has("baseUrl") && !options.mcpPath.includes("{")
      ? new URL(options.mcpPath, options.resource)
      : undefined,
    apiKeys: readApiKeys(readVariable, overrides.apiKeys),
    outcomes: outcomes.map(([id, outcome]) => [id, id === "auth_url" && warned || outcome]),
  };
}

function readApiKeys(
  readVariable: ReadVariable,
  inCode: ApiKeys | undefined,
): KnownApiKeys | undefined {
  const variable = tryRead(readVariable, BACKEND_API_KEY_VARIABLE.variable);
  const text = variable instanceof Unreadable ? "" : variable?.trim() ?? "";
  const source = findSource(inCode);
  if (source?.missing.length === 0) return { source, isInCode: true };
  if (source === undefined && text === "") return undefined;
  const values = { [BACKEND_API_KEY_VARIABLE.option]: text };
  const given = findSource((source ?? findSource(apiKeys()))?.withValues(values));
  if (given === undefined) return undefined;
  const brokenRule = breachOf(BACKEND_API_KEY_VARIABLE.option, given.requireBackendApiKey);
  return brokenRule === undefined
    ? { source: given, isInCode: source !== undefined }
    : { brokenRule, length: text.length };
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
  return resolveOptions(readEnvironment(read, overrides).options);
}

function judgeSetting(
  name: string,
  value: string | URL | undefined,
  secret: boolean,
  found: string,
  findBreach: (value: string) => string | undefined,
): Outcome {
  const text = String(value ?? "").trim();
  if (text === "") return failed(`${name} is missing or blank`, `Set it: ${found}.`);
  if (/^(["']).*\1$/.test(text)) {
    const why = "Take the quotes away: docker's --env-file keeps them as part of the value.";
    return failed(`${name} is in quotes`, why);
  }
  const rule = findBreach(text);
  if (rule !== undefined) {
    const received = secret ? `a text of ${text.length} characters` : describeSetting(value);
    const flag = rule.includes("dangerouslyAllowHttp") ? " Here --allow-http does the same." : "";
    return failed(`${name} is ${received}`, `It must be ${rule}: ${found}.${flag}`);
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
  const rule = breachOf("requiredScopes", () => resolve(read, {}));
  if (rule !== undefined) {
    return { outcome: failed(`${SCOPES_VARIABLE} is malformed`, `It must be ${rule}.`) };
  }
  return { outcome: ok(resolve(read, {}).requiredScopes.join(" ")), text };
}

/** The rule that an option breaks; `undefined` when it breaks none. */
function breachOf(option: string, attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof BrokenRule && error.option === option) return error.rule;
    throw error;
  }
}
