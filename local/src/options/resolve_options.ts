/**
 * Checks the options of `startLocalPropelAuth` and adds their defaults.
 * Pure: no clock, no network.
 *
 * @module
 */

import type { LocalPropelAuthOptions, LocalUserWithId } from "./local_options.ts";
import { CANNOT_START, createRules, describe, isRecord, isScope } from "./check_option.ts";
import { resolveUsers } from "./resolve_users.ts";
import { DEFAULT_SCOPES, type ResolvedScope, SIGNED_IN } from "./scopes.ts";
import { defaultUsers, findUser } from "./users.ts";

const rules = createRules(CANNOT_START);

const CREDENTIAL = /^[\w-]+$/;
const CREDENTIAL_RULE = "letters, digits, _ and - only";
const MAX_SECONDS = 10 * 365 * 24 * 3600;

const OPTION_NAMES: readonly (keyof LocalPropelAuthOptions)[] = [
  "port",
  "hostname",
  "dangerouslyListenBeyondLoopback",
  "issuerForm",
  "users",
  "scopes",
  "resources",
  "accessTokenExpiresInSeconds",
  "refreshTokenExpiresInSeconds",
  "rotateRefreshTokens",
  "dynamicRegistration",
  "requireResource",
  "autoConsentAs",
  "introspectionClientId",
  "introspectionClientSecret",
  "backendApiKey",
  "stateFile",
  "log",
];

/** Checked options with their defaults. Generated credentials are not among them. */
export interface ResolvedOptions {
  readonly port: number;
  readonly hostname: string;
  readonly issuerForm: "path" | "bare";
  readonly users: readonly LocalUserWithId[];
  readonly scopes: readonly ResolvedScope[];
  /** Normalised URLs; `undefined` when tokens may be issued for every http and https URL. */
  readonly resources: readonly string[] | undefined;
  readonly accessTokenExpiresInSeconds: number;
  readonly refreshTokenExpiresInSeconds: number;
  readonly rotateRefreshTokens: boolean;
  readonly dynamicRegistration: boolean;
  readonly requireResource: boolean;
  readonly autoConsentAs: string | undefined;
  readonly introspectionClientId: string | undefined;
  readonly introspectionClientSecret: string | undefined;
  readonly backendApiKey: string | undefined;
  readonly stateFile: string | undefined;
  readonly log: ((line: string) => void) | undefined;
}

/** Checked options, with a log that never throws. */
export interface RunningOptions extends ResolvedOptions {
  readonly log: (line: string) => void;
}

/**
 * Checks the options and adds the defaults. Never changes its argument.
 *
 * @param options The caller's options.
 * @returns The checked options with their defaults.
 * @throws {TypeError} An option is unknown or malformed.
 * @throws {RangeError} A number is out of its bounds.
 */
export function resolveOptions(options: LocalPropelAuthOptions): ResolvedOptions {
  rules.members("options", options, OPTION_NAMES);
  const scopes = options.scopes === undefined ? DEFAULT_SCOPES : resolveScopes(options.scopes);
  const names = scopes.map(({ name }) => name);
  const users = resolveUsers(options.users ?? defaultUsers(names), names);
  if (options.log !== undefined) rules.callable("log", options.log);
  return {
    port: rules.wholeNumber("port", options.port ?? 0, 0, 65_535),
    hostname: resolveHostname(options),
    issuerForm: resolveIssuerForm(options.issuerForm ?? "path"),
    users,
    scopes,
    resources: options.resources === undefined ? undefined : resolveResources(options.resources),
    accessTokenExpiresInSeconds: seconds(options, "accessTokenExpiresInSeconds", 5_400),
    refreshTokenExpiresInSeconds: seconds(options, "refreshTokenExpiresInSeconds", 2_592_000),
    rotateRefreshTokens: flag(options, "rotateRefreshTokens", true),
    dynamicRegistration: flag(options, "dynamicRegistration", true),
    requireResource: flag(options, "requireResource", true),
    autoConsentAs: resolveAutoConsent(options.autoConsentAs, users),
    introspectionClientId: credential("introspectionClientId", options.introspectionClientId),
    introspectionClientSecret: credential(
      "introspectionClientSecret",
      options.introspectionClientSecret,
    ),
    backendApiKey: credential("backendApiKey", options.backendApiKey),
    stateFile: options.stateFile === undefined
      ? undefined
      : rules.text("stateFile", options.stateFile),
    log: options.log,
  };
}

/**
 * Normalises a resource indicator, so that it can be compared with the configured ones.
 *
 * @param resource The `resource` parameter of a request.
 * @returns The normalised URL; `undefined` unless it is an http or https URL without a fragment.
 */
function normalizeResource(resource: unknown): string | undefined {
  if (typeof resource !== "string" || !URL.canParse(resource) || resource.includes("#")) return;
  const url = new URL(resource);
  return /^https?:$/.test(url.protocol) ? url.href : undefined;
}

/**
 * Tells whether tokens may be issued for a resource.
 *
 * @param options Checked options.
 * @param resource The `resource` parameter of a request.
 * @returns Whether it is configured, or is a URL when no resource is configured.
 */
export function isKnownResource(options: ResolvedOptions, resource: unknown): resource is string {
  const normalized = normalizeResource(resource);
  return normalized !== undefined && (options.resources?.includes(normalized) ?? true);
}

/**
 * Tells whether a host can be reached from this machine only.
 *
 * @param hostname A name or an address; an IPv6 address without brackets.
 * @returns Whether it is a loopback name or address.
 */
export function isLoopback(hostname: string): boolean {
  return /^(127(\.\d{1,3}){3}|::1|([a-z0-9-]+\.)*localhost)$/i.test(hostname);
}

function resolveHostname(options: LocalPropelAuthOptions): string {
  const hostname = rules.text("hostname", options.hostname ?? "127.0.0.1");
  const beyond = flag(options, "dangerouslyListenBeyondLoopback", false);
  const rule = beyond
    ? "a name or an address that clients can reach, and not a wildcard address"
    : "loopback, such as 127.0.0.1 or localhost, unless dangerouslyListenBeyondLoopback is true";
  const bracketed = hostname.includes(":") ? `[${hostname}]` : hostname;
  const origin = `http://${bracketed}`;
  const usable = URL.canParse(origin) && new URL(origin).hostname === bracketed.toLowerCase() &&
    !/^(0\.0\.0\.0|::)$/.test(hostname);
  if (usable && (beyond || isLoopback(hostname))) return hostname.toLowerCase();
  throw rules.breach("hostname", rule, describe(hostname));
}

function resolveIssuerForm(value: unknown): "path" | "bare" {
  if (value === "path" || value === "bare") return value;
  throw rules.breach("issuerForm", '"path" or "bare"', describe(value));
}

function resolveScopes(value: unknown): readonly ResolvedScope[] {
  const rule = "an array of different scopes, each a string of printable ASCII without spaces, " +
    "quotes and backslashes, or { name, description, optional } with such a name";
  const scopes = rules.array("scopes", value, rule).map((scope): ResolvedScope => {
    const { name, description = "", optional = false } = isRecord(scope)
      ? rules.members("scopes", scope, ["name", "description", "optional"])
      : { name: scope };
    if (!isScope(name) || name === SIGNED_IN || typeof description !== "string") {
      throw rules.breach("scopes", rule, `${describe(isRecord(scope) ? name : scope)} in it`);
    }
    return { name, description, optional: rules.boolean("scopes[].optional", optional) };
  });
  const names = scopes.map(({ name }) => name);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) throw rules.breach("scopes", rule, `${describe(doubled)} twice`);
  return scopes;
}

function resolveResources(value: unknown): readonly string[] {
  const rule = "an array of http or https URLs without fragment";
  return rules.array("resources", value, rule).map((resource) => {
    const normalized = normalizeResource(resource);
    if (normalized !== undefined) return normalized;
    throw rules.breach("resources", rule, `${describe(resource)} in it`);
  });
}

function resolveAutoConsent(
  value: unknown,
  users: readonly LocalUserWithId[],
): string | undefined {
  if (value === undefined) return undefined;
  const user = findUser(users, value);
  if (user !== undefined) return user.email;
  const rule = `the e-mail address of a user, one of ${users.map(({ email }) => email).join(", ")}`;
  throw rules.breach("autoConsentAs", rule, describe(value));
}

type SecondsOption = "accessTokenExpiresInSeconds" | "refreshTokenExpiresInSeconds";
type FlagOption =
  | "dangerouslyListenBeyondLoopback"
  | "rotateRefreshTokens"
  | "dynamicRegistration"
  | "requireResource";

function seconds(options: LocalPropelAuthOptions, name: SecondsOption, fallback: number): number {
  return rules.wholeNumber(name, options[name] ?? fallback, 1, MAX_SECONDS);
}

function flag(options: LocalPropelAuthOptions, name: FlagOption, fallback: boolean): boolean {
  return rules.boolean(name, options[name] ?? fallback);
}

function credential(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : rules.secret(name, value, CREDENTIAL_RULE, CREDENTIAL);
}
