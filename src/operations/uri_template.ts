/**
 * URI templates of rules, and the ways in which a server may read a URI. Pure: no clock, no network.
 *
 * @module
 */

/** A compiled URI or URI template. */
export interface UriTemplate {
  /** The text before the first expression and the text behind the last, in each spelling. */
  readonly ends: readonly { readonly prefix: string; readonly suffix: string }[];
  /** The variables of a URI by name, or `undefined` when the template does not match it. */
  readonly match: (uri: string) => Readonly<Record<string, string>> | undefined;
  /** The same for a URI that was decoded: the escapes of the template are decoded too. */
  readonly matchDecoded: (uri: string) => Readonly<Record<string, string>> | undefined;
}

// RFC 6570 §2.2: "{" [ operator ] variable-list "}"
const EXPRESSION = /\{([+#./;?&]?)([A-Za-z0-9_.%,*:]+)\}/;
/** Stands for an expression where a URL parser would spell its braces otherwise; has no case. */
const PLACEHOLDER = "7placeholder7";

/**
 * Compiles a URI or a URI template (RFC 6570).
 *
 * `{id}` takes one segment: at least one character, none of them a slash. An expression with an
 * operator (`{+path}`, `{/path*}`, `{?q}`) takes anything. Where a URL parser spells the template
 * otherwise (`HTTPS://H/{id}`), the template matches that spelling too.
 *
 * @param template The URI or the template.
 * @returns The compiled template, or `undefined` when its braces are not those of a template.
 */
export function compileUriTemplate(template: string): UriTemplate | undefined {
  const parts = template.split(new RegExp(EXPRESSION, "g"));
  const texts = parts.filter((_, index) => index % 3 === 0);
  if (template === "" || texts.some((text) => /[{}]/.test(text))) return undefined;
  const operators = parts.filter((_, index) => index % 3 === 1);
  // RFC 6570 §2.4: a modifier, as in `path*` and `id:3`, is not a part of the name.
  const names = parts.filter((_, index) => index % 3 === 2)
    .map((name) => name.replace(/\*|:\d+/g, ""));
  const respelt = normalizeUri(texts.join(PLACEHOLDER))?.split(PLACEHOLDER) ?? texts;
  const spellings = respelt.length === texts.length ? [texts, respelt] : [texts];
  const decoded = spellings.filter((spelling) => spelling.some((text) => text.includes("%")))
    .map((spelling) => spelling.map(decode));
  const createMatch = (forms: readonly string[][]): UriTemplate["match"] => {
    const matchers = forms.map((spelling) => createMatcher(spelling, operators));
    return (uri) => {
      for (const matcher of matchers) {
        const values = matcher(uri);
        if (values) return Object.fromEntries(names.map((name, at) => [name, values[at] ?? ""]));
      }
      return undefined;
    };
  };
  return {
    ends: [...spellings, ...decoded].map((spelling) => ({
      prefix: spelling[0] ?? "",
      suffix: spelling.at(-1) ?? "",
    })),
    match: createMatch(spellings),
    matchDecoded: createMatch([...spellings, ...decoded]),
  };
}

/**
 * Lists the ways in which a server may read a URI.
 *
 * @param uri The URI of a request.
 * @returns `spellings`: as it came, and as a URL parser spells it. `others`: both decoded, with one
 * slash in place of several, as a URL parser spells these, and all of them without query and fragment.
 */
export function readingsOf(uri: string): { spellings: Set<string>; others: Set<string> } {
  const normal = normalizeUri(uri) ?? uri;
  const spellings = new Set([uri, normal]);
  const others = new Set<string>();
  // Nothing to decode, to join and to cut off: there is no other reading.
  if (normal === uri && !/[%?#]/.test(uri) && joinSlashes(uri) === uri) {
    return { spellings, others };
  }
  const texts = [uri, normal].flatMap((spelling) => [spelling, decode(spelling)])
    .flatMap((text) => [text, joinSlashes(text)]);
  for (const text of new Set(texts)) {
    const respelt = spellings.has(text) ? normal : normalizeUri(text) ?? text;
    for (const whole of [text, respelt]) {
      for (const reading of [whole, whole.replace(/[?#].*$/s, "")]) {
        if (!spellings.has(reading)) others.add(reading);
      }
    }
  }
  return { spellings, others };
}

/** A file system reads several slashes of a path as one. */
function joinSlashes(uri: string): string {
  const first = uri.indexOf("//");
  const start = uri[first - 1] === ":" ? first + 2 : 0;
  if (!uri.includes("//", start)) return uri;
  return uri.slice(0, start) + uri.slice(start).replace(/\/{2,}/g, "/");
}

/** The values of a template's expressions in a URI, `undefined` when it does not match. */
type Matcher = (uri: string) => string[] | undefined;

/** Where a text of the template stands in a URI so that all behind it matches too. */
interface Place {
  readonly at: number;
  /** The place of the next text; as far right as it can be, since expressions take all they can. */
  readonly next: Place | undefined;
}

/**
 * Matches as `^text([^/]+)text(.*)text$` does, the first expressions taking all they can, but without
 * trying every way to cut a URI, as that regular expression would. From the last text to the first it
 * finds all places of each that are before a place of the next one.
 */
function createMatcher(texts: readonly string[], operators: readonly string[]): Matcher {
  const [first = ""] = texts;
  const last = texts.at(-1) ?? "";
  return (uri) => {
    if (operators.length === 0) return uri === first ? [] : undefined;
    if (!uri.startsWith(first) || !uri.endsWith(last)) return undefined;
    let places: Place[] = [{ at: uri.length - last.length, next: undefined }];
    for (let index = operators.length - 1; index >= 0; index--) {
      const isSegment = operators[index] === "";
      places = placesBefore(places, uri, texts[index] ?? "", isSegment, index === 0);
    }
    const values: string[] = [];
    let place = places[0];
    for (const text of texts) {
      if (place?.next) values.push(uri.slice(place.at + text.length, place.next.at));
      place = place?.next;
    }
    return places.length > 0 ? values : undefined;
  };
}

/** Finds the places of a text before an expression; from right to left, as `nexts` are. */
function placesBefore(
  nexts: readonly Place[],
  uri: string,
  text: string,
  isSegment: boolean,
  isFirst: boolean,
): Place[] {
  const places: Place[] = [];
  const before = (part: string, at: number) => at > 0 ? uri.lastIndexOf(part, at - 1) : -1;
  let rightmost = 0;
  let slash = isSegment ? uri.lastIndexOf("/") : -1;
  for (let at = isFirst ? 0 : uri.lastIndexOf(text); at >= 0; at = before(text, at)) {
    const start = at + text.length;
    // No place right of the first slash behind the text can be the next one, now or further left.
    for (; slash >= start; slash = before("/", slash)) {
      while ((nexts[rightmost]?.at ?? 0) > slash) rightmost++;
    }
    const next = nexts[rightmost];
    if (next === undefined) break;
    if (next.at >= start + (isSegment ? 1 : 0)) places.push({ at, next });
  }
  return places;
}

function normalizeUri(uri: string): string | undefined {
  // Half the time, but Node 20 does not have it.
  if (typeof URL.parse === "function") return URL.parse(uri)?.href;
  return URL.canParse(uri) ? new URL(uri).href : undefined;
}

function decode(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    // As the parser of a form does: a malformed escape stays, and bytes that are not UTF-8 are replaced,
    // so that neither hides what the other escapes say.
    return new URLSearchParams(`=${uri.replace(/[+&]/g, encodeURIComponent)}`).get("") ?? uri;
  }
}
