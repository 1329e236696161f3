/**
 * The HTTP listener in front of oidc-provider: PropelAuth's URLs and pages, the Host check and CORS.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ApiKeys } from "../api_keys/api_keys.ts";
import { API_KEYS_PATH, createBackendApi } from "../api_keys/backend_api.ts";
import { API_KEYS_PAGE, createApiKeyPage } from "./api_key_page.ts";
import { createAuthorization } from "./authorization.ts";
import { BodyTooLongError, readBody } from "./body.ts";
import { explainLoginError } from "./explain_login_error.ts";
import { createLogin } from "./login.ts";
import type { RunningOptions } from "../options/resolve_options.ts";
import { buildErrorPage, buildRootPage } from "../pages/pages.ts";
import { MOUNT, PAGES } from "../provider/provider_settings.ts";
import type { Provider } from "../provider/import_oidc_provider.ts";
import { createRegistration } from "./registration.ts";
import type { Payload, Store } from "../provider/store.ts";

const METADATA = `/.well-known/oauth-authorization-server${MOUNT}`;
const MAX_FORM_BYTES = 64 * 1024;
const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
};

/** The parts that {@linkcode createListener} puts together. */
interface ListenerParts {
  readonly provider: Provider;
  readonly options: RunningOptions;
  readonly store: Store;
  readonly apiKeys: ApiKeys;
  readonly backendApiKey: string;
  /** The clock, in seconds since 1970. */
  readonly now: () => number;
  readonly authUrl: string;
  readonly issuer: string;
}

/**
 * Creates the listener for `node:http`.
 *
 * @param parts Options, store and authorization server.
 * @returns The listener. It never throws: an unexpected error is logged and answered 500.
 */
export function createListener(parts: ListenerParts) {
  const { provider, options, store, apiKeys, authUrl } = parts;
  const host = new URL(authUrl).host;
  const serveProvider = provider.callback();
  const lookAtAuthorization = createAuthorization(options, store);
  const registration = createRegistration(provider, store);
  const login = createLogin(provider, options, store);
  const apiKeyPage = createApiKeyPage(apiKeys, options.users);
  const backendApi = createBackendApi({ ...parts, users: options.users });
  const metadata = JSON.stringify(buildMetadata(parts));

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url: target = "/" } = request;
    if (request.headers.host !== host) {
      return send(response, 421, "text/plain", `This local PropelAuth is at ${authUrl} alone\n`);
    }
    if (!target.startsWith("/")) return send(response, 400, "text/plain", "Unknown target\n");
    // Not resolved against authUrl: a target such as //host/path would replace its host.
    const url = new URL(authUrl + target);
    const { pathname } = url;
    if (pathname === "/") {
      return sendPage(response, 200, buildRootPage(authUrl, options.users, options.scopes));
    }
    if (pathname.startsWith(`${PAGES}/`)) return await servePage(request, response);
    if (pathname === API_KEYS_PAGE) return await serveApiKeyPage(request, response);
    if (pathname === API_KEYS_PATH || pathname.startsWith(`${API_KEYS_PATH}/`)) {
      const { status, body } = await backendApi(request, url);
      const json = typeof body !== "string";
      const type = json ? "application/json" : "text/plain";
      return send(response, status, type, json ? JSON.stringify(body) : body);
    }
    const isApi = pathname === METADATA || pathname.startsWith(`${MOUNT}/`);
    if (isApi && pathname !== `${MOUNT}/authorize`) {
      allowAnyOrigin(request, response);
      if (request.method === "OPTIONS") return send(response, 204, "", "");
    }
    if (pathname === METADATA) return send(response, 200, "application/json", metadata);
    if (pathname === `${MOUNT}/register`) return await register(request, response);
    if (pathname === `${MOUNT}/authorize` && await authorize(request, response, url)) return;
    const known = ["/authorize", "/token", "/introspect"].map((path) => MOUNT + path);
    if (!known.includes(pathname) && !pathname.startsWith(`${MOUNT}/authorize/`)) {
      return send(response, 404, "application/json", '{"error":"not_found"}');
    }
    mount(request, url);
    await serveProvider(request, response);
  }

  /** Whether the request is answered; otherwise oidc-provider answers `url`. */
  async function authorize(request: IncomingMessage, response: ServerResponse, url: URL) {
    if (request.method === "POST") {
      // RFC 6749 §3.1: the parameters may come in a form. From here on it is the same request.
      url.search = await readBody(request, MAX_FORM_BYTES);
      request.method = "GET";
    }
    const answer = await lookAtAuthorization(request, url);
    if (answer === undefined) return false;
    if ("errorPage" in answer) sendPage(response, 400, answer.errorPage);
    else redirect(response, answer.location);
    return true;
  }

  async function register(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = options.dynamicRegistration
      ? await registration(request)
      : { status: 404, body: { error: "not_found" } };
    send(response, status, "application/json", JSON.stringify(body));
  }

  async function serveApiKeyPage(request: IncomingMessage, response: ServerResponse) {
    const step = apiKeyPage(request, await readForm(request));
    if ("page" in step) return sendPage(response, 200, step.page);
    if (step.cookie !== undefined) response.setHeader("Set-Cookie", step.cookie);
    redirect(response, API_KEYS_PAGE);
  }

  async function servePage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = await readForm(request);
    let step: Awaited<ReturnType<typeof login>>;
    try {
      step = await login(request, response, form);
    } catch (error) {
      const explained = explainLoginError(error);
      if (explained === undefined) logFault(error);
      const { problem, advice } = explained ?? FAULT;
      return sendPage(response, explained ? 400 : 500, buildErrorPage(problem, advice));
    }
    if ("page" in step) return sendPage(response, 200, step.page);
    redirect(response, step.location);
  }

  function logFault(error: unknown): void {
    options.log(`Local PropelAuth: ${error instanceof Error ? error.stack : error}`);
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    route(request, response).catch((error) => {
      if (error instanceof BodyTooLongError) {
        return send(response, 413, "text/plain", `${error.message}\n`);
      }
      logFault(error);
      if (!response.headersSent) {
        send(response, 500, "application/json", '{"error":"server_error"}');
      } else response.destroy();
    });
  };
}

/** The error page for a fault of this package. */
const FAULT = {
  problem: "The local PropelAuth failed while it answered.",
  advice: "The error is in the output of its program. Go back to the client and connect again.",
};

async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  if (request.method !== "POST") return undefined;
  return new URLSearchParams(await readBody(request, MAX_FORM_BYTES));
}

function buildMetadata({ options, authUrl, issuer }: ListenerParts): Payload {
  const at = (path: string): string => `${authUrl}${MOUNT}${path}`;
  return {
    issuer,
    authorization_endpoint: at("/authorize"),
    token_endpoint: at("/token"),
    ...(options.dynamicRegistration && { registration_endpoint: at("/register") }),
    introspection_endpoint: at("/introspect"),
    grant_types_supported: ["authorization_code", "refresh_token"],
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    code_challenge_methods_supported: ["S256"],
    scopes_supported: options.scopes.map(({ name }) => name),
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
    introspection_endpoint_auth_methods_supported: ["client_secret_basic"],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: false,
  };
}

/** Tells oidc-provider its path prefix in the properties that Express sets for a mounted app. */
function mount(request: IncomingMessage, url: URL): void {
  Object.assign(request, { originalUrl: request.url, baseUrl: MOUNT });
  request.url = url.pathname.slice(MOUNT.length) + url.search;
}

function allowAnyOrigin(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.origin === undefined) return;
  const requested = request.headers["access-control-request-headers"];
  response.setHeader("Access-Control-Allow-Origin", "*");
  response.setHeader("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  response.setHeader("Access-Control-Allow-Headers", requested ?? "Authorization, Content-Type");
  response.setHeader("Access-Control-Max-Age", "7200");
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, PAGE_HEADERS).end(html);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { "Location": location, "Cache-Control": "no-store" }).end();
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  const headers = type === "" ? {} : { "Content-Type": type };
  response.writeHead(status, { ...headers, "Cache-Control": "no-store" }).end(body);
}
