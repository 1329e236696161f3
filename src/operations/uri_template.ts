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
const SLASH = 0x2f;

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
  return (uri) => {
    for (const spelling of spellings) {
      const values = match(uri, spelling, operators);
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

/**
 * Matches as `^text([^/]+)text(.*)text$` would, the first expressions taking all they can, but in a
 * time that grows with the length alone: an expression of that kind would try every way to cut.
 */
function match(
  uri: string,
  [first = "", ...texts]: readonly string[],
  operators: readonly string[],
): string[] | undefined {
  if (!uri.startsWith(first) || !uri.endsWith(texts.at(-1) ?? first)) return undefined;
  // From the last expression to the first: where it may end, for all behind it to match.
  const ends: Uint8Array[] = [];
  let begins = new Uint8Array(uri.length + 1);
  begins[uri.length] = 1;
  for (let index = texts.length - 1; index >= 0; index--) {
    const text = texts[index] ?? "";
    const takesAll = operators[index] !== "";
    const end = new Uint8Array(uri.length + 1);
    const begin = new Uint8Array(uri.length + 1);
    for (let at = uri.length; at >= first.length; at--) {
      if (begins[at + text.length] === 1 && uri.startsWith(text, at)) end[at] = 1;
      if (takesAll) begin[at] = end[at] || (begin[at + 1] ?? 0);
      else if (uri.charCodeAt(at) !== SLASH) begin[at] = end[at + 1] || (begin[at + 1] ?? 0);
    }
    ends.unshift(end);
    begins = begin;
  }
  let at = first.length;
  if (begins[at] !== 1) return undefined;
  return ends.map((end, index) => {
    const slash = operators[index] === "" ? uri.indexOf("/", at) : -1;
    const to = end.lastIndexOf(1, slash < 0 ? uri.length : slash);
    const value = uri.slice(at, to);
    at = to + (texts[index] ?? "").length;
    return value;
  });
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
