// Stores the state of one login of SDK v2's client in memory, and reports the steps of the login.
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  OAuthTokens,
} from "@modelcontextprotocol/client";
import { Problem } from "./problem.ts";

/** An `OAuthClientProvider` for one process: it registers a new client and stores nothing on disk. */
export class LoginProvider implements OAuthClientProvider {
  readonly redirectUrl: string;
  readonly clientMetadata: OAuthClientMetadata;
  /** The `state` of the login that was started here. The SDK leaves the comparison to us. */
  readonly loginState = crypto.randomUUID();
  /** The URL at which the user logs in, once it is known. */
  authorizationUrl: URL | undefined;
  readonly #report: (step: string, text: string) => void;
  #client: OAuthClientInformationMixed | undefined;
  #tokens: OAuthTokens | undefined;
  #verifier = "";
  #discovery: OAuthDiscoveryState | undefined;

  constructor(redirectUrl: string, report: (step: string, text: string) => void) {
    this.redirectUrl = redirectUrl;
    this.#report = report;
    this.clientMetadata = {
      client_name: "PropelAuth example client",
      redirect_uris: [redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }

  state(): string {
    return this.loginState;
  }

  saveDiscoveryState(discovery: OAuthDiscoveryState): void {
    const { resourceMetadata, authorizationServerUrl, authorizationServerMetadata } = discovery;
    if (resourceMetadata === undefined) {
      throw new Problem(
        "The server wants a login, but publishes no metadata that says where (RFC 9728). Hand its " +
          "/.well-known paths to auth.handler, in Express by metadataRoutes(auth)",
      );
    }
    if (authorizationServerMetadata === undefined) {
      throw new Problem(
        `PropelAuth has no MCP endpoints at ${authorizationServerUrl}. ` +
          "Enable them in its dashboard: MCP > Enable MCP",
      );
    }
    if (authorizationServerMetadata.registration_endpoint === undefined) {
      throw new Problem(
        "PropelAuth lets no client register by itself. Allow dynamic registration in its " +
          "dashboard: MCP > Settings",
      );
    }
    this.#discovery = discovery;
    this.#report("Found", authorizationServerMetadata.issuer);
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovery;
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    this.#client = client;
    this.#report("Registered", client.client_id);
  }

  clientInformation(): OAuthClientInformationMixed | undefined {
    return this.#client;
  }

  redirectToAuthorization(authorizationUrl: URL): void {
    this.authorizationUrl = authorizationUrl;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  saveTokens(tokens: OAuthTokens): void {
    this.#tokens = tokens;
  }

  tokens(): OAuthTokens | undefined {
    return this.#tokens;
  }
}
