/** The whole content of the site, before the generator turns it into HTML. */
import { buildReference, type RunDeno } from "./api/reference.ts";
import { type Group, groupGuides, readFiles } from "./guides.ts";
import { type Page, pathOf } from "./page.ts";

/** A link in the list of pages. */
interface Item {
  readonly text: string;
  readonly link: string;
}

export interface Content {
  readonly pages: readonly Page[];
  /** The pictures of the pages, as paths in the repository. */
  readonly pictures: readonly string[];
  readonly sidebar: readonly Group[];
}

/** The folders of the packages. */
const MEMBERS = [".", "local"];

/**
 * Reads the README, the guides and the API.
 *
 * @param root The repository's folder, with a slash at the end.
 * @param runDeno Runs `deno doc`.
 */
export async function readContent(root: string, runDeno: RunDeno): Promise<Content> {
  const reference = await buildReference(root, MEMBERS, runDeno);
  const { pages, pictures } = await readFiles(root, reference.sources);
  const toItem = ({ title, path }: Page): Item => ({ text: title, link: `/${path}` });
  const project = pages.filter(({ path }) => path.startsWith("project/")).map(toItem)
    .map(({ text, link }) => ({ text: text.replace(/^@/, "README of @"), link }))
    .sort((a, b) => a.text.localeCompare(b.text));
  const sidebar = [
    {
      items: [
        { text: "Overview", link: `/${pathOf("README.md")}` },
        { text: "All guides", link: `/${pathOf("docs/README.md")}` },
      ],
    },
    ...groupGuides(pages),
    { text: "API", items: reference.pages.map(toItem) },
    { text: "Project", items: project },
  ];
  return { pages: [...pages, ...reference.pages], pictures, sidebar };
}
