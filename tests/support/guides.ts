/**
 * The blocks and commands of the README and the guides, so that tests run exactly the printed text.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { root } from "./root.ts";

/** The text of each guide by its name, such as `setup.md`, and of the three READMEs. */
export const GUIDES: ReadonlyMap<string, string> = new Map(
  [
    ...["README.md", "local/README.md", "docs/README.md"].map((name) =>
      [name, new URL(name, root)] as const
    ),
    ...readdirSync(new URL("docs/", root))
      .filter((name) => name.endsWith(".md") && name !== "README.md")
      .map((name) => [name, new URL(`docs/${name}`, root)] as const),
  ].map(([name, url]) => [name, readFileSync(url, "utf8")]),
);

/** A fenced block. */
export interface Block {
  readonly guide: string;
  /** The info string after the fence, such as `ts` or `ts ignore`. */
  readonly language: string;
  readonly text: string;
}

/** All fenced blocks, in their order in the guides. */
export const BLOCKS: readonly Block[] = [...GUIDES].flatMap(([guide, text]) =>
  [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
    guide,
    language,
    text,
  }))
);

/** The blocks of a guide in a language that contain a text; throws when there is no such block. */
export function blocks(guide: string, language: string, including = ""): string[] {
  const found = BLOCKS.filter((block) =>
    block.guide === guide && block.language === language && block.text.includes(including)
  );
  assert(found.length > 0, `${guide} has no block of ${language} with ${including}`);
  return found.map(({ text }) => text);
}

/** The only block of a guide in a language that contains a text; throws if there are more or none. */
export function block(guide: string, language: string, including = ""): string {
  const [found = "", ...more] = blocks(guide, language, including);
  assert.equal(more.length, 0, `${guide} has several blocks of ${language} with ${including}`);
  return found;
}

/** The lines of a block for a shell, without comments and empty lines. */
export function linesOf(block: string): string[] {
  return block.split("\n").map((line) => line.replace(/(?:^| +)#.*$/, ""))
    .filter((line) => line !== "");
}

/** The commands of a guide that begin with a text; throws when there is no such command. */
export function commands(guide: string, start: string): string[] {
  const found = blocks(guide, "sh").flatMap(linesOf).filter((line) => line.startsWith(start));
  assert(found.length > 0, `${guide} has no command ${start}`);
  return found;
}

/** The only command of a guide that begins with a text; throws if there are more or none. */
export function command(guide: string, start: string): string {
  const [found = "", ...more] = commands(guide, start);
  assert.equal(more.length, 0, `${guide} has several commands ${start}`);
  return found;
}
