/**
 * Options from environment variables. The environment is an argument.
 *
 * @module
 */

import { BrokenRule } from "../lib/broken_rule.ts";
import { definedOnly } from "../lib/json.ts";
import type { PropelAuthOptions } from "./propel_auth_options.ts";
import { checkOptionNames } from "./option_names.ts";
import { findSource } from "../verification/credential_source.ts";

/** Reads one environment variable by its name. */
export type ReadVariable = (name: string) => string | undefined;

/** Options that the environment gives, with the names under which an operator set them. */
interface EnvironmentOptions {
  /** Not yet checked. */
  readonly options: PropelAuthOptions;
  /** For each option that a variable gave: the variable's name. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The variables that have to be set, the option each gives, and where its value is found. */
export const REQUIRED_VARIABLES = [
  {
    variable: "PROPELAUTH_AUTH_URL",
    option: "authUrl",
    found: "PropelAuth dashboard > Frontend or Backend Integration > Auth URL",
  },
  {
    variable: "PROPELAUTH_INTROSPECTION_CLIENT_ID",
    option: "introspectionClientId",
    found: "PropelAuth dashboard > MCP > Request Validation",
  },
  {
    variable: "PROPELAUTH_INTROSPECTION_CLIENT_SECRET",
    option: "introspectionClientSecret",
    found: "PropelAuth dashboard > MCP > Request Validation, shown once at creation",
  },
  {
    variable: "SERVER_URL",
    option: "baseUrl",
    found: "where clients reach this server, such as https://mcp.example.com",
  },
] as const;

/** The variable that gives the option `requiredScopes`, when it is set. */
export const SCOPES_VARIABLE = "PROPELAUTH_REQUIRED_SCOPES";

/**
 * Reads the options that the environment gives: `PROPELAUTH_AUTH_URL`,
 * `PROPELAUTH_INTROSPECTION_CLIENT_ID`, `PROPELAUTH_INTROSPECTION_CLIENT_SECRET`, `SERVER_URL`, and
 * when it is set `PROPELAUTH_REQUIRED_SCOPES` (separated by spaces or commas). When `overrides` has
 * `apiKeys` without a `backendApiKey`, `PROPELAUTH_API_KEY` is read too. A blank variable counts as
 * missing; a variable whose option is in `overrides` is not read.
 *
 * @param readVariable Reads one variable.
 * @param overrides Options that win over the environment.
 * @returns The options, and which variable gave which.
 * @throws {TypeError} Variables are missing; the message names all of them.
 * @throws {BrokenRule} `overrides` is not an object, or has an unknown member; or a variable is in
 * quotes.
 */
export function readEnvironment(
  readVariable: ReadVariable,
  overrides: Partial<PropelAuthOptions>,
): EnvironmentOptions {
  checkOptionNames(overrides);
  const values: Record<string, string> = {};
  const variables: Record<string, string> = {};
  const missing: string[] = [];
  const read = (variable: string): string => {
    const value = readVariable(variable)?.trim() ?? "";
    if (!isInQuotes(value)) return value;
    throw new BrokenRule(variable, WITHOUT_QUOTES, "a value in quotes");
  };
  const further = findSource(overrides.apiKeys);
  const needed = [
    ...REQUIRED_VARIABLES.filter(({ option }) => overrides[option] === undefined),
    ...further?.missing ?? [],
  ];
  for (const { variable, option, found } of needed) {
    const value = read(variable);
    variables[option] = variable;
    if (value) values[option] = value;
    else missing.push(`\n  ${variable}\n    ${found}`);
  }
  if (missing.length > 0) {
    throw new TypeError(
      `Cannot create PropelAuth: these environment variables are missing or blank:${
        missing.join("")
      }`,
    );
  }
  let scopes = "";
  if (overrides.requiredScopes === undefined) {
    variables["requiredScopes"] = SCOPES_VARIABLE;
    scopes = read(SCOPES_VARIABLE);
  }
  const { authUrl = "", introspectionClientId = "", introspectionClientSecret = "", baseUrl = "" } =
    values;
  return {
    options: {
      authUrl,
      introspectionClientId,
      introspectionClientSecret,
      baseUrl,
      // An option that is given as `undefined` is one that is not given.
      ...definedOnly(overrides),
      ...(further && { apiKeys: further.withValues(values) }),
      ...(scopes && { requiredScopes: scopes.split(/[\s,]+/).filter((scope) => scope !== "") }),
    },
    variables,
  };
}

/** The rule of every variable, as the end of "it must be". */
export const WITHOUT_QUOTES = "without quotes around it";

/**
 * Tells whether the value of a variable has quotes around it. Node and Deno take them away, docker's
 * `--env-file` does not: PropelAuth would refuse the secret.
 */
export function isInQuotes(value: string): boolean {
  return /^(["']).*\1$/.test(value);
}

/**
 * Requires an option that only `fromEnv` takes from the environment.
 *
 * @param setting The option, and the variable that gives it.
 * @param value The received value.
 * @throws {BrokenRule} It is `undefined`.
 */
export function requireGiven(setting: { option: string; variable: string }, value: unknown): void {
  if (value !== undefined) return;
  const received = `undefined; only createPropelAuth.fromEnv reads ${setting.variable}`;
  throw new BrokenRule(setting.option, "given", received);
}
