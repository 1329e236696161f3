/**
 * An option that breaks its rule: data inside the package, one sentence for the caller. Pure: no
 * clock, no network.
 *
 * @module
 */

/**
 * Thrown by checks when an option breaks its rule. {@linkcode refuseAs} turns it into the error that
 * the caller of a public function gets, so it never leaves the package.
 */
export class BrokenRule extends Error {
  override readonly name = "BrokenRule";
  /** The option's name. */
  readonly option: string;
  /** The rule, as the end of a sentence that begins with "it must be". */
  readonly rule: string;
  /** The received value in a few words; never a secret. */
  readonly received: string;
  /** `range`: a number is out of its bounds. */
  readonly fault: "type" | "range";

  /**
   * Creates the error; its message is the sentence of {@linkcode refuseAs} without the action.
   *
   * @param option The option's name.
   * @param rule The rule, as the end of "it must be".
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
 * @param action The beginning of the sentence, such as `Cannot create PropelAuth`.
 * @param check The checks.
 * @param settings By option: the name of the setting that gave it, such as an environment variable.
 * @returns The result of `check`.
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
