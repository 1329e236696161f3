/**
 * The two questions to the user during an authorization request: who signs in, and which scopes are
 * granted.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ResolvedOptions } from "../options/resolve_options.ts";
import {
  type AskingClient,
  buildConsentPage,
  buildLoginPage,
  type ConsentScope,
} from "../pages/pages.ts";
import type { Interaction, InteractionResult, Provider } from "../provider/import_oidc_provider.ts";
import { parseAskedScopes, SIGNED_IN } from "../options/scopes.ts";
import type { Store } from "../provider/store.ts";
import { findUser, mayGrant } from "../options/users.ts";

/** The next step of a login: a page to show, or a URL to redirect to. */
type LoginStep = { readonly page: string } | { readonly location: string };

/**
 * Creates the function that answers a request to a login or consent page.
 *
 * @param provider The authorization server.
 * @param options Checked options.
 * @param store Remembers the granted scopes for the next consent page.
 * @returns A function from a request and its form to the next step. When oidc-provider finds no login
 * of the browser, it throws that error, which `explainLoginError()` explains.
 */
export function createLogin(provider: Provider, options: ResolvedOptions, store: Store) {
  const configured = options.scopes.map(({ name }) => name);

  async function finish(interaction: Interaction, result: InteractionResult): Promise<LoginStep> {
    // A requested prompt counts as resolved as long as its answer is among the results.
    interaction.result = { ...interaction.lastSubmission, ...result };
    await interaction.persist();
    return { location: interaction.returnTo };
  }

  async function signIn(interaction: Interaction, accountId: string): Promise<LoginStep> {
    const { session } = interaction;
    if (session !== undefined && session.accountId !== accountId) {
      // Otherwise oidc-provider shows a page on which the previous user logs out; PropelAuth has none.
      const other = await provider.Session.findByUid(session.uid);
      if (other !== undefined) {
        other.accountId = undefined;
        await other.persist();
      }
    }
    // To choose a user is to sign in: there are no passwords.
    return await finish(interaction, { select_account: {}, login: { accountId } });
  }

  async function allow(interaction: Interaction, chosen: readonly string[]): Promise<LoginStep> {
    const { accountId, clientId, resource, key } = read(interaction);
    const user = findUser(options.users, accountId);
    const asked = parseAskedScopes(interaction.params["scope"] ?? null, configured).known;
    const granted = asked.filter((name) => {
      const scope = options.scopes.find((candidate) => candidate.name === name);
      return user !== undefined && mayGrant(user, name) &&
        (scope?.optional !== true || chosen.includes(name));
    });
    // The new answer replaces the old one for each requested scope, so a user can take it back.
    const kept = grantedBefore(store, key).filter((name) => !asked.includes(name));
    const scopes = [...kept, ...granted];
    const grant = new provider.Grant({ accountId, clientId });
    // oidc-provider asks again for every scope that was neither added nor rejected.
    const declined = asked.filter((scope) => !scopes.includes(scope)).join(" ");
    const allowed = [...scopes, SIGNED_IN].join(" ");
    if (resource === undefined) {
      grant.addOIDCScope(allowed);
      if (declined !== "") grant.rejectOIDCScope(declined);
    } else {
      grant.rejectOIDCScope([...asked, SIGNED_IN].join(" "));
      grant.addResourceScope(resource, allowed);
      if (declined !== "") grant.rejectResourceScope(resource, declined);
    }
    store.upsert("Consent", key, { clientId, scopes });
    return await finish(interaction, { consent: { grantId: await grant.save() } });
  }

  return async (
    request: IncomingMessage,
    response: ServerResponse,
    form: URLSearchParams | undefined,
  ): Promise<LoginStep> => {
    const interaction = await provider.interactionDetails(request, response);
    const client = describeClient(store, interaction);
    const chosen = findUser(options.users, form?.get("user"));
    if (chosen !== undefined) return await signIn(interaction, chosen.id);
    if (interaction.prompt.name !== "consent" || form?.get("answer") === "switch") {
      return { page: buildLoginPage(client, options.users) };
    }
    if (form?.get("answer") === "deny") {
      return await finish(interaction, {
        error: "access_denied",
        error_description: "The user denied the request",
      });
    }
    if (form?.get("answer") === "allow") return await allow(interaction, form.getAll("scope"));
    const user = findUser(options.users, read(interaction).accountId);
    if (user === undefined) return { page: buildLoginPage(client, options.users) };
    const before = grantedBefore(store, read(interaction).key);
    const asked = parseAskedScopes(interaction.params["scope"] ?? null, configured).known;
    const scopes = options.scopes.filter(({ name }) => asked.includes(name))
      .map((scope): ConsentScope => ({ ...scope, granted: before.includes(scope.name) }));
    return { page: buildConsentPage(client, user, scopes) };
  };
}

function read(interaction: Interaction) {
  const accountId = interaction.session?.accountId ?? "";
  const clientId = interaction.params["client_id"] ?? "";
  const resource = interaction.params["resource"];
  return { accountId, clientId, resource, key: JSON.stringify([accountId, clientId, resource]) };
}

function grantedBefore(store: Store, key: string): readonly string[] {
  const scopes = store.find("Consent", key)?.["scopes"];
  return Array.isArray(scopes) ? scopes.map(String) : [];
}

function describeClient(store: Store, interaction: Interaction): AskingClient {
  const { clientId, resource = "" } = read(interaction);
  const registered = store.find("Client", clientId);
  const redirect = interaction.params["redirect_uri"] ?? "";
  const url = URL.canParse(redirect) ? new URL(redirect) : undefined;
  return {
    clientName: String(registered?.["client_name"] || clientId).slice(0, 100),
    redirectHost: url?.host || url?.protocol || "the client",
    resource,
  };
}
