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
  const names = parts.filter((_, index) => index % 3 === 2);
  const respelt = normalizeUri(texts.join(PLACEHOLDER))?.split(PLACEHOLDER) ?? texts;
  const spellings = respelt.length === texts.length ? [texts, respelt] : [texts];
  const matchers = spellings.map((spelling) => createMatcher(spelling, operators));
  return {
    ends: spellings.map((spelling) => ({
      prefix: spelling[0] ?? "",
      suffix: spelling.at(-1) ?? "",
    })),
    match(uri) {
      for (const matcher of matchers) {
        const values = matcher(uri);
        if (values) return Object.fromEntries(names.map((name, at) => [name, values[at] ?? ""]));
      }
      return undefined;
    },
  };
}

/**
 * Lists the ways in which a server may read a URI.
 *
 * @param uri The URI of a request.
 * @returns `spellings`: as it came, and as a URL parser spells it. `others`: both decoded, the
 * decoded ones as a URL parser spells them, and all of these without query and fragment.
 */
export function readingsOf(uri: string): { spellings: Set<string>; others: Set<string> } {
  const normal = normalizeUri(uri) ?? uri;
  const spellings = new Set([uri, normal]);
  const others = new Set<string>();
  // Nothing to decode and nothing to cut off: there is no other reading.
  if (normal === uri && !/[%?#]/.test(uri)) return { spellings, others };
  for (const spelling of spellings) {
    const decoded = decode(spelling);
    const respelt = decoded === uri ? normal : normalizeUri(decoded) ?? decoded;
    for (const one of [spelling, decoded, respelt]) {
      const end = one.search(/[?#]/);
      for (const reading of end < 0 ? [one] : [one, one.slice(0, end)]) {
        if (!spellings.has(reading)) others.add(reading);
      }
    }
  }
  return { spellings, others };
}

/** The values of a template's expressions in a URI, `undefined` when it does not match. */
type Matcher = (uri: string) => string[] | undefined;
/** Texts with an expression for one segment between each two of them. */
type Block = readonly [string, ...string[]];

/**
 * Matches as `^text([^/]+)text(.*)text$` does, the first expressions taking all they can, but in a
 * time that grows with the length alone. That regular expression would try every way to cut a URI.
 *
 * The template is cut into blocks at the expressions that take anything. From the last block to the
 * first, each is placed as far right as it can be: that leaves the most room to the blocks before it.
 */
function createMatcher([first = "", ...texts]: string[], operators: readonly string[]): Matcher {
  const blocks: [[string, ...string[]], ...[string, ...string[]][]] = [[first]];
  texts.forEach((text, index) => {
    if (operators[index] === "") blocks.at(-1)?.push(text);
    else blocks.push([text]);
  });
  const [head, ...rest] = blocks;
  const lengths = [first, ...texts].map((text) => text.length);
  return (uri) => {
    if (!uri.startsWith(first)) return undefined;
    let starts: number[] = [];
    let limit = uri.length;
    for (const block of rest.toReversed()) {
      const place = starts.length === 0 ? placeAtEnd : placeBefore;
      const placed = place(uri, block, limit);
      if (placed === undefined) return undefined;
      starts = [...placed, ...starts];
      limit = placed[0] ?? 0;
    }
    const placed = placeHead(uri, head, limit, rest.length === 0);
    if (placed === undefined) return undefined;
    starts = [...placed, ...starts];
    return texts.map((_, index) =>
      uri.slice((starts[index] ?? 0) + (lengths[index] ?? 0), starts[index + 1])
    );
  };
}

/**
 * Places a block so that its last text ends at `end`, and each text before that as far right as it
 * can be. No other placing would do where this one fails: a segment has no slash, so the places that a
 * text can have for a given next text are all in one segment.
 *
 * @returns Where each text starts.
 */
function placeAtEnd(uri: string, block: readonly string[], end: number): number[] | undefined {
  const last = block.at(-1) ?? "";
  let start = end - last.length;
  if (start < 0 || !uri.startsWith(last, start)) return undefined;
  const starts = [start];
  for (let index = block.length - 2; index >= 0; index--) {
    const text = block[index] ?? "";
    const slash = start > 0 ? uri.lastIndexOf("/", start - 1) : -1;
    const from = Math.max(0, slash + 1 - text.length);
    const at = start > from ? uri.slice(from, start - 1).lastIndexOf(text) : -1;
    if (at < 0) return undefined;
    start = from + at;
    starts.unshift(start);
  }
  return starts;
}

/** Places a block as far right as it can be when it must end at or before `limit`. */
function placeBefore(uri: string, block: Block, limit: number): number[] | undefined {
  const last = block.at(-1) ?? "";
  let start = limit - last.length;
  while (start >= 0) {
    start = uri.lastIndexOf(last, start);
    if (start < 0) return undefined;
    const starts = placeAtEnd(uri, block, start + last.length);
    if (starts !== undefined) return starts;
    // Further left in the same segment the texts before it would have still less room.
    start = start > 0 ? uri.lastIndexOf("/", start - 1) : -1;
  }
  return undefined;
}

/** Places the first block: its first text at the start of the URI, the end at or before `limit`. */
function placeHead(
  uri: string,
  [first, ...texts]: Block,
  limit: number,
  endsThere: boolean,
): number[] | undefined {
  const last = texts.at(-1);
  if (last === undefined) {
    return (endsThere ? first.length === limit : first.length <= limit) ? [0] : undefined;
  }
  let end = limit;
  if (!endsThere) {
    // From the left, which shows in which segment the last text has its places.
    let from = first.length;
    for (const text of texts) {
      const at = uri.indexOf(text, from + 1);
      if (at < 0 || uri.slice(from, at).includes("/")) return undefined;
      from = at + text.length;
    }
    const slash = uri.indexOf("/", from - last.length);
    const room = limit - last.length;
    const at = room < 0 ? -1 : uri.lastIndexOf(last, slash < 0 ? room : Math.min(slash, room));
    end = at + last.length;
    if (end < from) return undefined;
  }
  const starts = placeAtEnd(uri, texts, end);
  const second = starts?.[0] ?? 0;
  if (starts === undefined || second <= first.length) return undefined;
  return uri.slice(first.length, second).includes("/") ? undefined : [0, ...starts];
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
    return uri;
  }
}
