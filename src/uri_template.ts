/**
 * Which URIs a rule about resources is for. Pure: no clock, no network.
 *
 * @module
 */

/** The variables of a URI by name, or `undefined` when it does not match. */
export type MatchUri = (uri: string) => Readonly<Record<string, string>> | undefined;

// RFC 6570 §2.2: "{" [ operator ] variable-list "}"
const EXPRESSION = /\{([+#./;?&]?)([A-Za-z0-9_.%,*:]+)\}/;
/** Stands for an expression where a URL parser would spell its braces otherwise; has no case. */
const PLACEHOLDER = "7placeholder7";

/**
 * Compiles a URI or a URI template (RFC 6570).
 *
 * `{id}` takes one segment: whatever has no slash. With an operator (`{+path}`, `{/path*}`, `{?q}`)
 * an expression takes anything. Where a URL parser spells the template otherwise (`HTTPS://H/{id}`),
 * that spelling matches too.
 *
 * @param template The URI or the template.
 * @returns The matcher, or `undefined` when the template is none.
 */
export function compileUriTemplate(template: string): MatchUri | undefined {
  const parts = template.split(new RegExp(EXPRESSION, "g"));
  const texts = parts.filter((_, index) => index % 3 === 0);
  if (template === "" || texts.some((text) => /[{}]/.test(text))) return undefined;
  const operators = parts.filter((_, index) => index % 3 === 1);
  const names = parts.filter((_, index) => index % 3 === 2);
  const respelt = normalizeUri(texts.join(PLACEHOLDER))?.split(PLACEHOLDER) ?? texts;
  const spellings = respelt.length === texts.length ? [texts, respelt] : [texts];
  const patterns = spellings.map((spelling) => compile(spelling, operators));
  return (uri) => {
    for (const pattern of patterns) {
      const values = pattern.exec(uri)?.slice(1);
      if (values) return Object.fromEntries(names.map((name, at) => [name, values[at] ?? ""]));
    }
    return undefined;
  };
}

/**
 * Lists the ways in which a server may read a URI.
 *
 * @param uri The URI of a request.
 * @returns `spellings`: as it came, and as a URL parser spells it. `others`: these decoded, and
 * without query and fragment.
 */
export function readingsOf(uri: string): { spellings: Set<string>; others: Set<string> } {
  const spellings = new Set([uri, normalizeUri(uri) ?? uri]);
  const others = new Set<string>();
  for (const spelling of spellings) {
    const decoded = decode(spelling);
    for (const one of [spelling, decoded, normalizeUri(decoded) ?? decoded]) {
      for (const reading of [one, one.replace(/[?#].*$/s, "")]) {
        if (!spellings.has(reading)) others.add(reading);
      }
    }
  }
  return { spellings, others };
}

function compile(texts: readonly string[], operators: readonly string[]): RegExp {
  const source = texts.map((text, index) => {
    const operator = operators[index];
    const expression = operator === undefined ? "" : operator === "" ? "([^/]+)" : "(.*)";
    return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&") + expression;
  });
  return new RegExp(`^${source.join("")}$`, "s");
}

function normalizeUri(uri: string): string | undefined {
  return URL.canParse(uri) ? new URL(uri).href : undefined;
}

function decode(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}
