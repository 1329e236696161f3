// Explains errors, in one line that says what to do next.
import {
  InsufficientScopeError,
  IssuerMismatchError,
  OAuthError,
  RegistrationRejectedError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
} from "@modelcontextprotocol/client";

/** An error whose message is already an explanation. */
export class Problem extends Error {
  override readonly name = "Problem";
}

/** No server answered at an address. A TypeError, so that the SDK treats it as a failed fetch. */
export class Unreachable extends TypeError {
  override readonly name = "Unreachable";
  readonly url: URL;
  constructor(url: URL, cause: unknown) {
    super(`No answer from ${url.origin}`, { cause });
    this.url = url;
  }
}

/** The facts about the server and this login by which errors are explained. */
export interface Context {
  /** The MCP server. */
  readonly serverUrl: URL;
  /** The URL at which this client receives the login. */
  readonly redirectUrl: string;
  /** Explains an answer of the MCP endpoint that refuses a request. */
  readonly explainStatus: (status: number) => string;
}

/**
 * Explains an error.
 *
 * @param error The error.
 * @param context The server and the login.
 * @returns One line without control characters.
 */
export function explain(error: unknown, context: Context): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const text = explainOne(cause, context);
    if (text !== undefined) return printable(text);
  }
  return printable(
    `${context.serverUrl} cannot be used: ${error instanceof Error ? error.message : error}`,
  );
}

/** The SDK's sentence when the metadata names another URL than the one that the client was given. */
const OTHER_RESOURCE = /^Protected resource (\S+) does not match expected/;

function explainOne(error: Error, context: Context): string | undefined {
  const { serverUrl, redirectUrl } = context;
  const [, resource] = OTHER_RESOURCE.exec(error.message) ?? [];
  if (resource !== undefined) {
    return `The server calls itself ${resource}, and clients refuse it under another name. Use that ` +
      `URL, or set the server's SERVER_URL to ${serverUrl.origin}`;
  }
  if (error instanceof Problem) return error.message;
  if (error instanceof Unreachable) return explainUnreachable(error.url, serverUrl);
  if (RegistrationRejectedError.isInstance(error)) {
    return `PropelAuth refused to register this client (${error.status} ${error.body}). In its ` +
      `dashboard, allow dynamic registration in MCP > Settings, and ${redirectUrl} in MCP > ` +
      `Allowed MCP Clients; --callback-port keeps that address the same`;
  }
  if (IssuerMismatchError.isInstance(error)) {
    return error.kind === "metadata"
      ? `PropelAuth calls itself ${error.received}, the server calls it ${error.expected}. ` +
        `Set the server's option "issuer" to what PropelAuth says`
      : "The login was answered by someone else than PropelAuth. Start again";
  }
  if (InsufficientScopeError.isInstance(error)) {
    return `The login grants too little: ${serverUrl} needs the scope ${error.requiredScope}. ` +
      `Log in as a user who may grant it`;
  }
  if (OAuthError.isInstance(error)) {
    return error.code === "access_denied"
      ? "The login was denied. Start again, and allow this client"
      : `PropelAuth refused the login: ${error.code}, ${error.message}`;
  }
  if (SdkHttpError.isInstance(error) && error.status !== undefined) {
    return context.explainStatus(error.status);
  }
  if (SdkError.isInstance(error) && error.code === SdkErrorCode.ClientHttpUnexpectedContent) {
    return `${serverUrl} is no MCP endpoint. Check the path, which is mostly /mcp`;
  }
}

function explainUnreachable(url: URL, serverUrl: URL): string {
  if (url.origin === serverUrl.origin && /^https:\/\/(127\.|localhost\b)/.test(url.origin)) {
    return `No server answers at ${url.origin}. A server on this machine speaks http: write ` +
      serverUrl.href.replace("https:", "http:");
  }
  if (url.origin === serverUrl.origin) {
    return `No server answers at ${serverUrl.origin}. Check the URL, or start a server: deno task dev`;
  }
  // The metadata is the server's own, at the address that it was told to have.
  return url.pathname.includes("/.well-known/oauth-protected-resource")
    ? `${serverUrl.origin} says that its own address is ${url.origin}, where no server answers. ` +
      "Check the server's SERVER_URL"
    : `PropelAuth does not answer at ${url.origin}. Check the server's PROPELAUTH_AUTH_URL`;
}

/** Makes foreign text safe for a terminal: one line, no control characters, at most 500 characters. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").slice(0, 500);
}

/** Breaks text between words, into lines of at most 80 columns. */
export function wrap(text: string): string {
  return text.replace(/(?=.{81})(.{1,80}|\S+) /g, "$1\n");
}
