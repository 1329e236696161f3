/**
 * The places where PropelAuth says what a credential is good for. The introspection endpoint is one;
 * the option `apiKeys` adds another.
 *
 * @module
 */

import type { MessageOf } from "../events/messages.ts";
import type { World } from "../lib/world.ts";
import type { CredentialType } from "../oauth/api_key.ts";
import type { FactsFormat, Introspect, IntrospectionFacts } from "../oauth/facts.ts";
import {
  buildBasicCredentials,
  buildIntrospectionRequest,
  type IntrospectionCredentials,
  processIntrospectionResponse,
} from "../oauth/introspection.ts";

/** An endpoint that says what a credential is good for, and how it is asked. */
export interface CredentialSource {
  /** The kind of credential that the endpoint knows. */
  readonly credential: CredentialType;
  readonly endpoint: string;
  /** Our own credentials there, in each form in which they are sent: no error may contain one. */
  readonly secrets: readonly string[];
  /** Builds the second argument of `fetch`. */
  readonly buildRequest: (credential: string) => RequestInit;
  /**
   * Turns a response into facts; `now` is in seconds since 1970. Throws an `IntrospectionError` when
   * the response does not say what the credential is good for.
   */
  readonly processResponse: (
    response: Response,
    now: number,
    digest: string,
  ) => Promise<IntrospectionFacts>;
}

/** The question about a credential, and its properties. */
export interface Asking {
  readonly ask: Introspect;
  /** Seconds that `ask` takes at most, after a wait of half of them at most. */
  readonly timeoutSeconds: number;
  /** Forgets earlier answers about a credential. */
  readonly onForget: (digest: string) => void;
  /** How the facts are kept in a shared cache. */
  readonly factsFormat: FactsFormat;
}

/** The parts of the core that a further source is connected to. */
export interface SourceParts {
  readonly world: World;
  readonly authUrl: string;
  /** Seconds that one question takes at most. */
  readonly timeoutSeconds: number;
  /** Asks the introspection endpoint. */
  readonly askIntrospection: Introspect;
  /**
   * Creates a function that asks a source: through a breaker of its own, and the limiter, deadline
   * and retry of all.
   */
  readonly createAsk: (source: CredentialSource) => Introspect;
}

/** An environment variable, the option it gives, and where its value is found. */
interface Variable {
  readonly variable: string;
  readonly option: string;
  readonly found: string;
}

/** A source beside the introspection endpoint: the private side of the option `apiKeys`. */
export interface FurtherSource {
  /** The variables that have to give `backendApiKey`; none when it was given. */
  readonly missing: readonly Variable[];
  /** The sentences of events about the source's own kind of credential. */
  readonly messageOf: MessageOf;
  /** The same with the values of missing variables, by option. */
  readonly withValues: (values: Readonly<Record<string, string>>) => ApiKeys;
  /** Gives the backend API key; throws a `BrokenRule` when it was not given or cannot be one. */
  readonly requireBackendApiKey: () => string;
  /** Connects the source. Throws a `TypeError` when there is no backend API key. */
  readonly connect: (parts: SourceParts) => Asking;
}

/**
 * API keys beside access tokens: the value of the option `apiKeys`, which `apiKeys()` of
 * `@x/propelauth-mcp/api-keys` creates. It shows nothing of its own options.
 */
export interface ApiKeys {
  /** Always `"api_key"`. */
  readonly credential: "api_key";
}

const furtherSources = new WeakMap<ApiKeys, FurtherSource>();

/** Wraps a further source into a value of the option `apiKeys`, which shows nothing of it. */
export function hideSource(source: FurtherSource): ApiKeys {
  const apiKeys: ApiKeys = Object.freeze({ credential: "api_key" });
  furtherSources.set(apiKeys, source);
  return apiKeys;
}

/**
 * Finds the source behind the option `apiKeys`.
 *
 * @param value The option.
 * @returns The source; `undefined` when {@linkcode hideSource} did not return the value.
 */
export function findSource(value: ApiKeys | undefined): FurtherSource | undefined {
  return value === undefined ? undefined : furtherSources.get(value);
}

/** Creates the source that every server has: the introspection endpoint (RFC 7662). */
export function createIntrospectionSource(
  options: IntrospectionCredentials & { readonly introspectionEndpoint: string },
): CredentialSource {
  const basicCredentials = buildBasicCredentials(options);
  return {
    credential: "access_token",
    endpoint: options.introspectionEndpoint,
    secrets: [basicCredentials.slice(6), options.introspectionClientSecret],
    buildRequest: (token) => buildIntrospectionRequest(basicCredentials, token),
    processResponse: processIntrospectionResponse,
  };
}
