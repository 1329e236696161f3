/** A symbol of the API as Markdown: declaration, comment, members. */
import type { Declaration, DocSymbol, JsDoc, Member, Tag } from "./deno_doc.ts";
import { idOf, type Links } from "./links.ts";
import { listMembers, printHead, printMember, printType } from "./print_type.ts";

/**
 * Writes the section of a symbol.
 *
 * @param symbol The symbol.
 * @param links The links of its page.
 * @param linkSource Links to the line at which a declaration begins.
 * @returns Paragraphs and blocks.
 */
export function writeSymbol(
  { name, declarations }: DocSymbol,
  links: Links,
  linkSource: (declaration: Declaration) => string,
): string[] {
  const sections = declarations.map((declaration) => {
    if (declaration.kind === "reference") return [`The same as ${links.link(name)}.`];
    const { kind, def, jsDoc } = declaration;
    const members = kind === "class" || kind === "interface" ? listMembers(def) : [];
    const comment = writeComment(jsDoc, links);
    const types = listOtherTypes(members.length > 0 ? def.extends : def, name, links, comment);
    return [
      writeCode(printHead(name, declaration)),
      ...comment,
      [...types, linkSource(declaration)].join(" · "),
      ...members.flatMap((member) => writeMember(name, member, links)),
    ];
  });
  return [`## ${name} {#${idOf(name)}}`, ...sections.flat()];
}

/** Writes a comment and its tags. */
export function writeComment(jsDoc: JsDoc = {}, { link, resolve }: Links): string[] {
  const tags = (kind: string) => jsDoc.tags?.filter((tag) => tag.kind === kind) ?? [];
  const list = (title: string, kind: string, write: (tag: Tag) => string) => {
    // An item of a list is one line.
    const items = tags(kind).map((tag) => `- ${write(tag).replace(/\s*\n\s*/g, " ")}`);
    return items.length > 0 ? [`**${title}**`, items.join("\n")] : [];
  };
  return [
    resolve(jsDoc.doc),
    ...tags("default").map(({ value = "" }) => `Default: ${showDefault(value)}`),
    ...list("Parameters", "param", ({ name, doc }) => `\`${name}\`: ${resolve(doc)}`),
    ...list("Returns", "return", ({ doc }) => resolve(doc)),
    ...list(
      "Throws",
      "throws",
      ({ tsType, doc }) => (tsType ? `${link(printType(tsType))}: ` : "") + resolve(doc),
    ),
    ...list("See", "see", ({ doc }) => resolve(doc)),
    ...tags("example").flatMap(({ doc = "" }) => {
      const [, title = "", block = doc] = /^(?!```)(.*)\n([^]*)$/.exec(doc) ?? [];
      return [`**Example${title && `: ${resolve(title)}`}**`, block.trim()];
    }),
  ];
}

function writeMember(symbol: string, member: Member, links: Links): string[] {
  const name = member.name || "Call";
  const title = member.params && member.name ? `${name}()` : name;
  const comment = writeComment(member.jsDoc, links);
  return [
    `### ${title.replace(/[[\]]/g, "\\$&")} {#${idOf(symbol, name)}}`,
    writeCode(printMember(member)),
    ...comment,
    ...listOtherTypes(member, symbol, links, comment),
  ];
}

/** Lists the types of a declaration to which its comment does not link. */
function listOtherTypes(
  part: unknown,
  except: string,
  { listTypes }: Links,
  comment: readonly string[],
): string[] {
  const types = listTypes(part ?? [], except)
    .filter((link) => !comment.some((text) => text.includes(link)));
  return types.length > 0 ? [`Types: ${types.join(", ")}`] : [];
}

function writeCode(text: string): string {
  return `\`\`\`ts\n${text}\n\`\`\``;
}

/** Writes a value as code, and words about a value as they are. */
function showDefault(value: string): string {
  const areWords = /^[a-z]+$|^[\w.:]+,? [a-z`]/.test(value) && !/^(true|false)$/.test(value);
  return areWords ? value : `\`${value}\``;
}
