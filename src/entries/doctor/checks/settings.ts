/**
 * Judges single settings, each by the core's own rule. Pure: no clock, no network.
 *
 * @module
 */

import { BrokenRule } from "../../../lib/broken_rule.ts";
import { definedOnly } from "../../../lib/json.ts";
import {
  isInQuotes,
  readEnvironment,
  type ReadVariable,
  type REQUIRED_VARIABLES,
  SCOPES_VARIABLE,
} from "../../../options/environment.ts";
import type { PropelAuthOptions } from "../../../options/propel_auth_options.ts";
import { type ResolvedOptions, resolveOptions } from "../../../options/resolve_options.ts";
import { failed, ok, type Outcome } from "../report.ts";
import { describeSetting } from "../show.ts";

/** Stands for a variable that Deno does not let this program read. */
export const UNREADABLE: unique symbol = Symbol("unreadable");

/** The value of a setting; `undefined` when it is not set. */
type Setting<Value> = Value | undefined | typeof UNREADABLE;

/** Stands in for what is missing, so that the rest can be checked by the core's own rules. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  PROPELAUTH_AUTH_URL: "https://auth.invalid",
  PROPELAUTH_INTROSPECTION_CLIENT_ID: "id",
  PROPELAUTH_INTROSPECTION_CLIENT_SECRET: "secret",
  SERVER_URL: "https://mcp.invalid",
  PROPELAUTH_API_KEY: "key",
};

/** Resolves options as `createPropelAuth.fromEnv` does, with placeholders for missing variables. */
export function resolveSettings(
  readVariable: ReadVariable,
  overrides: Partial<PropelAuthOptions>,
): ResolvedOptions {
  const read = (name: string) => readVariable(name) ?? PLACEHOLDERS[name];
  return resolveOptions(readEnvironment(read, overrides).options);
}

/**
 * Judges one of the four settings that have to be there.
 *
 * @param required The variable, its option, and where its value is found.
 * @param value The value, out of the code or else of the environment.
 * @param overrides Options that are given in code; the rules of the four depend on some of them.
 * @returns The outcome.
 */
export function judgeRequired(
  { variable, option, found }: (typeof REQUIRED_VARIABLES)[number],
  value: Setting<string | URL>,
  overrides: Partial<PropelAuthOptions>,
): Outcome {
  if (value === UNREADABLE) return judgeUnreadable(variable);
  const inCode = overrides[option] !== undefined;
  const name = inCode ? `option ${option}` : variable;
  const text = String(value ?? "").trim();
  if (text === "") return failed(`${name} is missing or blank`, `Set it: ${found}.`);
  if (isInQuotes(text)) return judgeQuotes(name);
  const { mcpPath, dangerouslyAllowHttp } = overrides;
  const context = definedOnly({ mcpPath, dangerouslyAllowHttp });
  const rule = breachOf(
    option,
    () =>
      inCode
        ? resolveSettings(() => undefined, { ...context, [option]: text })
        : resolveSettings((name) => name === variable ? text : undefined, context),
  );
  const secret = option.startsWith("introspectionClient");
  if (rule === undefined) return ok(secret ? `set, ${text.length} characters` : text);
  const received = secret ? `a text of ${text.length} characters` : describeSetting(value);
  const flag = rule.includes("dangerouslyAllowHttp") ? " Here --allow-http does the same." : "";
  return failed(`${name} is ${received}`, `It must be ${rule}: ${found}.${flag}`);
}

/**
 * Judges the variable with the required scopes.
 *
 * @param text Its value.
 * @returns A failed check; `undefined` when the variable breaks no rule.
 */
export function findScopesFault(text: Setting<string>): Outcome | undefined {
  if (text === undefined) return undefined;
  if (text === UNREADABLE) return judgeUnreadable(SCOPES_VARIABLE);
  if (isInQuotes(text.trim())) return judgeQuotes(SCOPES_VARIABLE);
  const read = (name: string) => name === SCOPES_VARIABLE ? text : undefined;
  const rule = breachOf("requiredScopes", () => resolveSettings(read, {}));
  return rule === undefined
    ? undefined
    : failed(`${SCOPES_VARIABLE} is malformed`, `It must be ${rule}.`);
}

function judgeUnreadable(variable: string): Outcome {
  return failed(`${variable} may not be read`, "Start the program with --allow-env.");
}

function judgeQuotes(name: string): Outcome {
  const why = "Take the quotes away: docker's --env-file keeps them as part of the value.";
  return failed(`${name} is in quotes`, why);
}

/**
 * Finds the rule that an option breaks.
 *
 * @param option The option.
 * @param attempt Checks it.
 * @returns The rule, as the end of "it must be"; `undefined` when it breaks none.
 * @throws Whatever `attempt` throws that is not about the option.
 */
export function breachOf(option: string, attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof BrokenRule && error.option === option) return error.rule;
    throw error;
  }
}
