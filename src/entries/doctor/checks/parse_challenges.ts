/**
 * Finds and reads the challenges of a response. Pure: no clock, no network.
 *
 * @module
 */

/** One challenge: a scheme and its parameters. */
export interface Challenge {
  /** In lower case: schemes are case-insensitive. */
  readonly scheme: string;
  /** The values by their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_LENGTH = 8 * 1024;
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const SEPARATORS = /[ \t]*(?:,[ \t]*)*/y;
const SCHEME = new RegExp(`(${TOKEN})(?=[ \\t]|,|$)[ \\t]*`, "y");
const PARAMETER = new RegExp(
  `(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))(?=[ \\t]*(?:,|$))`,
  "y",
);
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;

/**
 * Finds the header that holds the challenges. Gateways rename it: Amazon's to
 * `x-amzn-remapped-www-authenticate`.
 *
 * @param headers The headers of a response.
 * @returns The header's name in lower case and its value: `www-authenticate`, or else the first
 * header whose name ends so; `undefined` without any.
 */
export function findChallenge(headers: Headers): { name: string; value: string } | undefined {
  const found = [...headers].filter(([name]) => /(^|-)www-authenticate$/.test(name));
  const [name, value] = found.find(([name]) => name === "www-authenticate") ?? found[0] ?? [];
  return name === undefined || value === undefined ? undefined : { name, value };
}

/**
 * Parses challenges by the grammar of RFC 9110 §11.6.1.
 *
 * @param value The field value; several fields come joined by commas.
 * @returns The challenges, or `undefined` when the value breaks the grammar, repeats a parameter or
 * is longer than 8 KiB.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1 | RFC 9110 §11.6.1}
 */
export function parseChallenges(value: string): Challenge[] | undefined {
  if (value.length > MAX_LENGTH) return undefined;
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(value);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };
  take(SEPARATORS);
  while (position < value.length) {
    const parameter = take(PARAMETER);
    const current = challenges.at(-1);
    if (parameter !== null) {
      const [, name = "", quoted, plain = ""] = parameter;
      if (current === undefined || current.parameters.has(name.toLowerCase())) return undefined;
      current.parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain);
    } else {
      const [, scheme] = take(SCHEME) ?? [];
      if (scheme === undefined) return undefined;
      challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
      if (!startsParameter(value, position)) take(TOKEN68);
      if (startsParameter(value, position)) continue;
    }
    const before = position;
    take(SEPARATORS);
    // Only a comma may follow.
    if (position < value.length && !value.slice(before, position).includes(",")) return undefined;
  }
  return challenges;
}

function startsParameter(value: string, position: number): boolean {
  PARAMETER.lastIndex = position;
  return PARAMETER.test(value);
}

/**
 * Reads a parameter as the MCP SDK's clients do: by an expression without an anchor, whose first
 * match wins, even inside the quoted value of another parameter.
 *
 * @param value The field value.
 * @param name The parameter.
 * @returns The value that such a client reads.
 */
export function readLoosely(value: string, name: string): string | undefined {
  const match = new RegExp(`${name}=(?:"([^"]+)"|([^\\s,]+))`).exec(value);
  return match?.[1] ?? match?.[2];
}
