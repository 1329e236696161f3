/**
 * Options that break a rule: as data inside, and as one kind of sentence for the caller. Pure: no
 * clock, no network.
 *
 * @module
 */

/**
 * One option breaks its rule. Checks throw it, and {@linkcode refuseAs} turns it into the error that
 * the caller of a public function gets: it never leaves the package.
 */
export class BrokenRule extends Error {
  override readonly name = "BrokenRule";
  /** The option's name. */
  readonly option: string;
  /** What the option must be, as the end of "it must be". */
  readonly rule: string;
  /** The received value in a few words; never a secret. */
  readonly received: string;
  /** `range`: a number is out of its bounds. */
  readonly fault: "type" | "range";

  /**
   * Creates the error; its message is the whole sentence but for what was to be done.
   *
   * @param option The option's name.
   * @param rule What it must be.
   * @param received The received value in a few words; never a secret.
   * @param fault `range`: a number is out of its bounds.
   */
  constructor(option: string, rule: string, received: string, fault: "type" | "range" = "type") {
    super(sentence(option, rule, received));
    this.option = option;
    this.rule = rule;
    this.received = received;
    this.fault = fault;
  }
}

/**
 * Runs the checks of a public function, and says in its name which rule is broken.
 *
 * @param action What the caller wanted and does not get, such as `Cannot create PropelAuth`.
 * @param check The checks.
 * @param settings What the caller set in place of an option: an environment variable, for example.
 * @returns What `check` returns.
 * @throws {TypeError} `check` threw a {@linkcode BrokenRule}: action, name, rule and received value.
 * @throws {RangeError} The same, for a number out of its bounds.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * const check = () => {
 *   throw new BrokenRule("baseUrl", "an https URL", "42");
 * };
 * assert.throws(() => refuseAs("Cannot create it", check, { baseUrl: "SERVER_URL" }), {
 *   message: "Cannot create it: SERVER_URL must be an https URL: received 42",
 * });
 * ```
 */
export function refuseAs<T>(
  action: string,
  check: () => T,
  settings: Readonly<Record<string, string>> = {},
): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof BrokenRule)) throw error;
    const { option, rule, received, fault } = error;
    const name = Object.hasOwn(settings, option) ? settings[option] ?? option : option;
    const message = `${action}: ${sentence(name, rule, received)}`;
    throw fault === "range" ? new RangeError(message) : new TypeError(message);
  }
}

function sentence(name: string, rule: string, received: string): string {
  return `${name} must be ${rule}: received ${received}`;
}
