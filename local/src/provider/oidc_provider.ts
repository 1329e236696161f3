/**
 * Imports oidc-provider when a local PropelAuth starts: it brings forty packages, which importing
 * `mod.ts` alone does not load. Its types stand here: the package has none of its own, and those of
 * DefinitelyTyped would bring twenty packages more.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- oidc-provider prints a warning at import, muted here
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Payload } from "./store.ts";

/** A running authorization server. */
export interface Provider {
  readonly Client: new (metadata: Payload) => Client;
  readonly Grant: new (properties: { accountId: string; clientId: string }) => Grant;
  readonly Interaction: { find(uid: string): Promise<Interaction | undefined> };
  readonly Session: { findByUid(uid: string): Promise<Session | undefined> };
  readonly AccessToken: new (properties: AccessTokenProperties) => { save(): Promise<string> };
  /** The whole server as a listener of `node:http`. */
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** The login or consent that the browser's cookie belongs to; throws when there is none. */
  interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
  /** Adds a step around all that the server does. */
  use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): unknown;
  on(event: "server_error", listener: (context: Context, error: unknown) => void): unknown;
}

/** A registered client. */
export interface Client {
  readonly clientId: string;
  /** What the client registered with, completed, in the wire's spelling. */
  metadata(): Payload;
}

/** What a user allowed a client. */
export interface Grant {
  addOIDCScope(scope: string): void;
  addResourceScope(resource: string, scope: string): void;
  rejectOIDCScope(scope: string): void;
  rejectResourceScope(resource: string, scope: string): void;
  save(): Promise<string>;
}

/** A login or consent that a user is asked for. */
export interface Interaction {
  readonly uid: string;
  readonly exp: number;
  /** Where the browser goes when the user has answered. */
  readonly returnTo: string;
  readonly prompt: { readonly name: string };
  /** The authorization request. */
  readonly params: Record<string, string | undefined>;
  readonly session?: { readonly accountId: string; readonly uid: string };
  result?: InteractionResult;
  persist(): Promise<unknown>;
}

/** The user's answer. */
export interface InteractionResult {
  readonly login?: { readonly accountId: string };
  readonly consent?: { readonly grantId: string };
  readonly error?: string;
  readonly error_description?: string;
}

/** A browser's login. */
export interface Session {
  accountId?: string | undefined;
  persist(): Promise<unknown>;
}

/** What an access token is made of. */
export interface AccessTokenProperties {
  readonly accountId: string;
  readonly clientId: string;
  readonly aud: string;
  readonly scope: string;
  readonly expiresIn: number;
  readonly extra: Payload;
}

/** One request on its way through the server. */
export interface Context {
  body: unknown;
  type: string;
  readonly oidc?: {
    readonly route: string;
    readonly entities: {
      readonly AccessToken?: { readonly accountId: string; readonly extra?: Payload };
    };
    readonly result?: InteractionResult;
  };
}

/** The module `oidc-provider`. */
export interface ProviderModule {
  readonly Provider: new (issuer: string, configuration: object) => Provider;
  readonly errors: { readonly InvalidTarget: new (description?: string) => Error };
  readonly interactionPolicy: {
    readonly base: () => InteractionPolicy;
    readonly Prompt: new (options: object, ...checks: object[]) => object;
    readonly Check: new (
      reason: string,
      description: string,
      check: (context: Context) => boolean,
    ) => object;
  };
}

/** When a user is asked what. */
export interface InteractionPolicy {
  remove(name: string): void;
  add(prompt: object): void;
}

let imported: Promise<ProviderModule> | undefined;

/**
 * Imports oidc-provider, once, and leaves out its one line about runtimes that it is not tested on.
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
