/**
 * Imports oidc-provider, with types for the part that this package uses. The import happens when a
 * local PropelAuth starts, because it loads forty packages. The types are written here, because
 * oidc-provider has none and those of DefinitelyTyped depend on twenty more packages.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- silences one warning that oidc-provider prints at import
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Payload } from "./store.ts";

/** A running authorization server. */
export interface Provider {
  readonly Client: new (metadata: Payload) => Client;
  readonly Grant: new (properties: { accountId: string; clientId: string }) => Grant;
  readonly Session: { findByUid(uid: string): Promise<Session | undefined> };
  readonly AccessToken: new (properties: AccessTokenProperties) => { save(): Promise<string> };
  /** The whole server as a listener of `node:http`. */
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Finds the login or consent of the browser's cookie; throws when there is no such cookie. */
  interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
  /** Adds a middleware around every route. */
  use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): unknown;
  on(event: "server_error", listener: (context: Context, error: unknown) => void): unknown;
}

/** A registered client. */
export interface Client {
  readonly clientId: string;
  /** The client's metadata with defaults, in the spelling of RFC 7591. */
  metadata(): Payload;
}

/** The scopes that a user granted to a client. */
export interface Grant {
  addOIDCScope(scope: string): void;
  addResourceScope(resource: string, scope: string): void;
  rejectOIDCScope(scope: string): void;
  rejectResourceScope(resource: string, scope: string): void;
  save(): Promise<string>;
}

/** One question to the user, a login or a consent, during an authorization request. */
export interface Interaction {
  readonly uid: string;
  readonly exp: number;
  /** The URL to which the browser is sent after the user's answer. */
  readonly returnTo: string;
  readonly prompt: { readonly name: string };
  /** The parameters of the authorization request. */
  readonly params: Record<string, string | undefined>;
  readonly session?: { readonly accountId: string; readonly uid: string };
  /** The answers to the earlier questions of the same request. */
  readonly lastSubmission?: InteractionResult;
  result?: InteractionResult;
  persist(): Promise<unknown>;
}

/** The user's answer to an interaction. A member resolves the prompt of the same name. */
export interface InteractionResult {
  readonly select_account?: Record<string, never>;
  readonly login?: { readonly accountId: string };
  readonly consent?: { readonly grantId: string };
  readonly error?: string;
  readonly error_description?: string;
}

/** The login of a browser. */
export interface Session {
  accountId?: string | undefined;
  persist(): Promise<unknown>;
}

/** The members of an access token. */
interface AccessTokenProperties {
  readonly accountId: string;
  readonly clientId: string;
  readonly aud: string;
  readonly scope: string;
  readonly expiresIn: number;
  readonly extra: Payload;
}

/** A Koa context with the part of oidc-provider's state that is used here. */
export interface Context {
  body: unknown;
  type: string;
  readonly oidc?: {
    readonly entities: {
      readonly AccessToken?: { readonly accountId: string; readonly extra?: Payload };
    };
  };
}

/** The module `oidc-provider`. */
export interface ProviderModule {
  readonly Provider: new (issuer: string, configuration: object) => Provider;
  readonly errors: {
    readonly InvalidGrant: new (description: string) => Error;
    readonly InvalidTarget: new (description: string) => Error;
    readonly InvalidScope: new (description: string, scope: string) => Error;
  };
  readonly interactionPolicy: {
    readonly base: () => InteractionPolicy;
    readonly Prompt: new (options: { name: string; requestable: boolean }) => object;
  };
}

/** The kinds of interaction in the order in which oidc-provider asks for them. */
export interface InteractionPolicy {
  get(name: string): { readonly checks: { remove(reason: string): void } };
  add(prompt: object, index: number): void;
}

let imported: Promise<ProviderModule> | undefined;

/**
 * Imports oidc-provider once, without its warning about runtimes that it does not support.
 *
 * @returns The module.
 */
export function importProvider(): Promise<ProviderModule> {
  return imported ??= importMuted();
}

async function importMuted(): Promise<ProviderModule> {
  const { warn } = console;
  console.warn = (...parts: unknown[]): void => {
    if (!parts.some((part) => /unsupported runtime/i.test(String(part)))) warn(...parts);
  };
  try {
    const { default: Provider, errors, interactionPolicy } = await import("oidc-provider");
    return { Provider, errors, interactionPolicy } as unknown as ProviderModule;
  } finally {
    console.warn = warn;
  }
}
