/**
 * The scenarios that every client goes through, and short words for their outcome.
 *
 * @module
 */
import type { Driver, Reply } from "./driver.ts";
import { type Measured, NONE } from "./measured.ts";
import { PUBLISHED, SCOPES } from "./policy.ts";
import { ANSWERS } from "./servers.ts";
import { type Stage, type StageOptions, startStage } from "./stage.ts";
import { readable } from "./readable.ts";

/** Starts a client's process against a stage. */
export type Start = (stage: Stage) => Promise<Driver>;

/** Runs every scenario. A column that cannot be reached is `-`. */
export async function measure(
  start: Start,
  log: (line: string) => void,
  lifetimeSeconds?: number,
): Promise<Measured> {
  const found = await measureFast(start, log);
  const add = adder(start, log, found);
  if (!found.calls?.startsWith("yes")) return { ...NONE, ...found };
  // A token for the `Authorization` header is issued before the client loads, which takes seconds.
  const usual = found.logsIn === "by header" ? HEADER_LIFETIME_SECONDS : LIFETIME_SECONDS;
  const lifetime = lifetimeSeconds ?? usual;
  await add({ expiresIn: lifetime }, (driver, stage) => expiry(driver, stage, lifetime));
  await add({}, outage);
  await add({ server: "sessions" }, restart);
  // A token for the header is issued for the URL of the server, so that neither form matters.
  if (found.logsIn !== "by header") {
    await add({ bareIssuer: true }, async (driver) => ({ bareIssuer: await logInOnly(driver) }));
    await add({ otherHost: true }, async (driver) => ({ otherHost: await logInOnly(driver) }));
  }
  return { ...NONE, ...found };
}

/** Runs the scenarios that wait for nothing; gives their columns alone. */
export async function measureFast(start: Start, log: (line: string) => void): Promise<Part> {
  const found: Part = {};
  const add = adder(start, log, found);
  await add({}, login);
  if (!found.calls?.startsWith("yes")) return found;
  await add({}, stepUp);
  await add({}, deadTokens);
  return found;
}

type Part = Partial<Measured>;
type Scenario = (driver: Driver, stage: Stage) => Promise<Part>;

/** A function that runs a scenario, adds its columns to `found` and prints them. */
function adder(start: Start, log: (line: string) => void, found: Part) {
  return async (options: StageOptions, scenario: Scenario): Promise<void> => {
    const part = await onStage(options, start, scenario);
    log(JSON.stringify(part));
    Object.assign(found, part);
  };
}

/** A login and the calls after it, where a 401 names other scopes than by default. */
export async function tryScopes(start: Start, challengeScopes: string[]): Promise<Measured> {
  const tried = (driver: Driver, stage: Stage) => login(driver, stage, challengeScopes);
  return { ...NONE, ...await onStage({ challengeScopes }, start, tried) };
}

/** Whether a session works that starts while PropelAuth is away, for each length in seconds. */
export async function tryStarts(
  start: Start,
  lengths: readonly number[],
  stale: boolean,
): Promise<string[]> {
  const results: string[] = [];
  await onStage({ stale }, start, async (driver, stage) => {
    await driver.connect(60);
    await driver.call("whoami");
    for (const seconds of lengths) {
      results.push(await startInOutage(driver, stage, seconds));
      if (!stale) continue;
      // The restarted server knows the caller again, as before the next outage.
      await driver.close();
      await driver.connect();
      await driver.call("whoami");
    }
    return {};
  });
  return results;
}

async function onStage(
  options: StageOptions,
  start: Start,
  run: Scenario,
): Promise<Part> {
  await using stage = await startStage(options);
  await using driver = await start(stage);
  return await run(driver, stage);
}

async function login(
  driver: Driver,
  stage: Stage,
  challenged: readonly string[] = SCOPES,
): Promise<Part> {
  const connected = await driver.connect(60);
  const [opened] = stage.opened;
  const found = {
    begins: stage.requests.find(({ call }) => call !== "")?.call ?? "none",
    logsIn: !connected.ok ? failure(connected) : opened === undefined ? "by header" : "yes",
    asks: opened === undefined ? "-" : asked(opened, challenged),
    redirect: readable(opened?.searchParams.get("redirect_uri") ?? "-"),
  };
  if (!connected.ok) return found;
  const listed = await driver.list();
  const called = await driver.call("whoami");
  const answer = !listed.ok ? failure(listed) : answered(called, "whoami");
  // A driver whose client has `ping()` tells when that alone fails.
  const calls = listed.text.startsWith("ping:") ? `${answer}; ${readable(listed.text)}` : answer;
  return { ...found, calls, callsWithScope: await callTwice(driver, stage, "write_report") };
}

async function logInOnly(driver: Driver): Promise<string> {
  const connected = await driver.connect(60);
  if (!connected.ok) return failure(connected);
  return answered(await driver.call("whoami"), "whoami");
}

/** The scopes of an authorization request, in the words of the table. */
function asked(authorization: URL, challenged: readonly string[]): string {
  const scope = authorization.searchParams.get("scope");
  if (scope === null) return "none";
  const is = (scopes: readonly string[]): boolean =>
    scope.split(" ").sort().join() === [...scopes].sort().join();
  return is(challenged) ? "challenge" : is(PUBLISHED) ? "all" : scope;
}

async function stepUp(driver: Driver, stage: Stage): Promise<Part> {
  stage.allow = [SCOPES[0]];
  const connected = await driver.connect(60);
  if (!connected.ok) return { stepsUp: failure(connected) };
  stage.allow = undefined;
  return { stepsUp: await callTwice(driver, stage, "write_report") };
}

/** Calls a tool, and once more if that fails: as a user does who is told to try again. */
async function callTwice(driver: Driver, stage: Stage, tool: keyof typeof ANSWERS) {
  const before = stage.opened.length;
  // How often a client asks in vain depends on its timing.
  const logins = (): string => {
    const count = stage.opened.length - before;
    return count === 0 ? "" : count === 1 ? ", after a login" : ", after repeated logins";
  };
  const first = await driver.call(tool);
  if (answered(first, tool) === "yes") return `yes${logins()}`;
  const second = await driver.call(tool);
  if (answered(second, tool) === "yes") return `at the second call${logins()}`;
  return `${answered(second, tool)}${logins()}`;
}

async function deadTokens(driver: Driver, stage: Stage): Promise<Part> {
  const connected = await driver.connect(60);
  if (!connected.ok) return { revoked: failure(connected) };
  await driver.call("whoami");
  await stage.propelAuth.endAccessTokens();
  const revoked = await callTwice(driver, stage, "whoami");
  await stage.propelAuth.endAllTokens();
  return { revoked, loggedOut: await callTwice(driver, stage, "whoami") };
}

/** Long enough to connect and to call, short enough to wait for. */
const LIFETIME_SECONDS = 8;
const HEADER_LIFETIME_SECONDS = 40;

async function expiry(driver: Driver, stage: Stage, lifetime: number): Promise<Part> {
  const connected = await driver.connect(60);
  if (!connected.ok) return { refreshes: failure(connected) };
  await driver.call("whoami");
  await sleep(lifetime + 1);
  return { refreshes: await callTwice(driver, stage, "whoami") };
}

async function outage(driver: Driver, stage: Stage): Promise<Part> {
  const connected = await driver.connect(60);
  if (!connected.ok) return { outage1: failure(connected) };
  await driver.call("whoami");
  const opened = stage.opened.length;
  const begin = (seconds: number) => startInOutage(driver, stage, seconds);
  const outage1 = await begin(1);
  await driver.close();
  const again = await driver.connect();
  const called = again.ok ? answered(await driver.call("whoami"), "whoami") : failure(again);
  const afterOutage = stage.opened.length > opened && called === "yes" ? "logs in again" : called;
  const outage5 = await begin(5);
  const outage30 = await begin(30);
  // This comes last, since a client that hangs here answers no later command.
  await driver.close();
  await driver.connect();
  // The requests that opened the session have to end too: a call may share their introspection.
  await driver.call("whoami");
  stage.startOutage(3600);
  const during = await driver.call("whoami");
  stage.endOutage();
  await stage.restart();
  // Some clients connect anew in the background, others only with their next call.
  await sleep(3);
  const after = (await callTwice(driver, stage, "whoami")).replace(/^at the second call/, "yes");
  const outageInSession = after === "yes"
    ? failure(during).replace(/^no: /, "then yes: ")
    : failure(during);
  return { outage1, outage5, outage30, afterOutage, outageInSession };
}

/** A session that begins while PropelAuth is away. */
async function startInOutage(driver: Driver, stage: Stage, seconds: number): Promise<string> {
  await driver.close();
  stage.startOutage(seconds);
  const connected = await driver.connect(seconds + 40);
  const result = connected.ok ? answered(await driver.call("whoami"), "whoami") : connected;
  // The pause of the gate's breaker ends with the restart.
  stage.endOutage();
  await stage.restart();
  return typeof result === "string" ? result : failure(result);
}

async function restart(driver: Driver, stage: Stage): Promise<Part> {
  const connected = await driver.connect(60);
  if (!connected.ok) return { restart: failure(connected) };
  const called = await driver.call("whoami");
  if (!called.ok) return { restart: failure(called) };
  // OpenCode sends a notification after a call. If the new server gets it, it begins a session while
  // the next call is under way, and some of these calls fail.
  await sleep(2);
  await stage.restart();
  return { restart: await callTwice(driver, stage, "whoami") };
}

function answered(reply: Reply, tool: keyof typeof ANSWERS): string {
  return reply.ok && reply.text.includes(ANSWERS[tool]) ? "yes" : failure(reply);
}

function failure(reply: Reply): string {
  return `no: ${readable(reply.text)}`;
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}
