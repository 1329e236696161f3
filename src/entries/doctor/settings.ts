/**
 * The settings, as `createPropelAuth.fromEnv` would read them, one by one.
 *
 * @module
 */

import { refuseAs } from "../../lib/broken_rule.ts";
import {
  isInQuotes,
  type ReadVariable,
  REQUIRED_VARIABLES,
  SCOPES_VARIABLE,
  WITHOUT_QUOTES,
} from "../../options/environment.ts";
import type { PropelAuthOptions } from "../../options/propel_auth_options.ts";
import type { ResolvedOptions } from "../../options/resolve_options.ts";
import {
  type ApiKeys,
  findSource,
  type FurtherSource,
} from "../../verification/credential_source.ts";
import { apiKeys } from "../api_keys/mod.ts";
import { BACKEND_API_KEY_VARIABLE } from "../api_keys/options.ts";
import { judgeOrigin } from "./checks/propelauth.ts";
import {
  breachOf,
  findScopesFault,
  judgeRequired,
  resolveSettings,
  UNREADABLE,
} from "./checks/settings.ts";
import { type CheckId, ok, type Outcome } from "./report.ts";

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
  readonly hasCredentials: boolean;
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

/** Reads a variable; {@linkcode UNREADABLE} when the program may not. */
type TryRead = (name: string) => string | undefined | typeof UNREADABLE;

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
  const read: TryRead = (name) => {
    try {
      return readVariable(name);
    } catch {
      return UNREADABLE;
    }
  };
  return refuseAs("Cannot diagnose", () => judgeSettings(read, overrides));
}

function judgeSettings(read: TryRead, overrides: Partial<PropelAuthOptions>): Settings {
  const outcomes: [CheckId, Outcome][] = [];
  /** The values of variables that break no rule. */
  const good: Record<string, string> = {};
  const known = new Set<string>();
  const given: Partial<PropelAuthOptions> = { ...overrides };
  for (const required of REQUIRED_VARIABLES) {
    const { variable, option } = required;
    const value = overrides[option] ?? read(variable);
    const outcome = judgeRequired(required, value, overrides);
    outcomes.push([CHECK_OF[option], outcome]);
    if (outcome.status === "failed") delete given[option];
    else {
      known.add(option);
      if (overrides[option] === undefined) good[variable] = String(value);
    }
  }
  const scopes = overrides.requiredScopes === undefined ? read(SCOPES_VARIABLE) : undefined;
  const scopesFault = findScopesFault(scopes);
  if (typeof scopes === "string" && scopesFault === undefined) good[SCOPES_VARIABLE] = scopes;
  // It is compared with a server URL that is not there.
  if (!known.has("baseUrl")) delete given.resource;
  const options = resolveSettings((name) => good[name], given);
  outcomes.push(["required_scopes", scopesFault ?? ok(options.requiredScopes.join(" ") || "none")]);
  const bothKnown = known.has("authUrl") && known.has("baseUrl");
  // The resource has the origin of the server URL.
  const warned = bothKnown ? judgeOrigin(options.authUrl, options.resource) : undefined;
  return {
    options,
    hasCredentials: known.has("introspectionClientId") && known.has("introspectionClientSecret"),
    authUrl: known.has("authUrl") ? options.authUrl : undefined,
    // The resource is on the same origin, so its own path does not matter.
    mcpUrl: known.has("baseUrl") && !options.mcpPath.includes("{")
      ? new URL(options.mcpPath, options.resource)
      : undefined,
    apiKeys: readApiKeys(read, overrides.apiKeys),
    outcomes: outcomes.map(([id, outcome]) => [id, id === "auth_url" && warned || outcome]),
  };
}

function readApiKeys(read: TryRead, inCode: ApiKeys | undefined): KnownApiKeys | undefined {
  const variable = read(BACKEND_API_KEY_VARIABLE.variable);
  const text = variable === UNREADABLE ? "" : variable?.trim() ?? "";
  const source = findSource(inCode);
  if (source?.missing.length === 0) return { source, isInCode: true };
  if (source === undefined && text === "") return undefined;
  const values = { [BACKEND_API_KEY_VARIABLE.option]: text };
  const given = findSource((source ?? findSource(apiKeys()))?.withValues(values));
  if (given === undefined) return undefined;
  const brokenRule = isInQuotes(text)
    ? WITHOUT_QUOTES
    : breachOf(BACKEND_API_KEY_VARIABLE.option, given.requireBackendApiKey);
  return brokenRule === undefined
    ? { source: given, isInCode: source !== undefined }
    : { brokenRule, length: text.length };
}
