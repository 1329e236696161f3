/**
 * A whole diagnosis: the settings, PropelAuth, the running server, a token.
 *
 * @module
 */

import { type DiagnoseOptions, resolveDiagnoseOptions } from "./options.ts";
import { createRecorder } from "./recorder.ts";
import type { Report } from "./report.ts";
import { readSettings } from "./settings.ts";
import { createPrintWords } from "./show.ts";
import { askPropelAuth } from "./steps/propelauth.ts";
import { askServer } from "./steps/server.ts";
import { askToken } from "./steps/token.ts";
import type { World } from "../../lib/world.ts";

/**
 * Makes every check, one after another. Each request has its deadline; no answer, however bad, makes
 * this reject: it becomes a check that failed.
 *
 * @param options The options as the caller gave them.
 * @param env The environment variables, when `options` has none.
 * @param defaultWorld The clock, and the network when `options` has no `fetch`.
 * @returns The report.
 * @throws {TypeError} An option is unknown or breaks its rule.
 * @throws {RangeError} A number is out of its bounds.
 */
export async function composeDiagnosis(
  options: DiagnoseOptions,
  env: Readonly<Record<string, string | undefined>>,
  defaultWorld: World,
): Promise<Report> {
  const { serverUrl: givenUrl, token, origin, timeoutSeconds } = resolveDiagnoseOptions(options);
  const world = { ...defaultWorld, fetch: options.fetch ?? defaultWorld.fetch };
  const variables = options.env ?? env;
  const settings = readSettings((name) => variables[name], options.overrides ?? {});
  const { introspectionClientId: id, introspectionClientSecret: secret } = settings.options;
  const secrets = settings.hasCredentials ? [secret, `${id}:${secret}`] : [];
  if (settings.apiKeys !== undefined && "source" in settings.apiKeys) {
    secrets.push(settings.apiKeys.source.requireBackendApiKey());
  }
  const print = createPrintWords(token === undefined ? secrets : [...secrets, token]);
  const recorder = createRecorder(options, print);
  // The server's code may reach PropelAuth by a fetch of its own, through a proxy for instance.
  const fetch = options.fetch ?? settings.options.fetch ?? defaultWorld.fetch;
  const toPropelAuth = { world: { ...world, fetch }, timeoutSeconds };
  const tools = { settings, recorder, world, timeoutSeconds, toPropelAuth };

  for (const [id, outcome] of settings.outcomes) recorder.record(id, outcome);
  const propelAuth = await askPropelAuth(tools);
  const serverUrl = givenUrl ?? settings.mcpUrl;
  const asked = { serverUrl, given: givenUrl !== undefined, origin };
  const server = await askServer(tools, asked, propelAuth);
  await askToken(tools, token, serverUrl, propelAuth, server);

  await recorder.end();
  const { checks } = recorder;
  return Object.freeze({
    ok: checks.every(({ status }) => status !== "failed"),
    ...(settings.authUrl !== undefined && { authUrl: settings.authUrl }),
    ...(serverUrl !== undefined && { serverUrl: serverUrl.href }),
    checks: Object.freeze([...checks]),
  });
}
