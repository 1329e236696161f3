/**
 * Paths and URLs in which each organization has its own: `/o/{orgId}/mcp`. Pure: no clock, no network.
 *
 * @module
 */

/** Stands in `mcpPath` for the organization's id. */
export const ORG_PLACEHOLDER = "{orgId}";

// PropelAuth's ids are UUIDs. None of these characters is ever percent-encoded, so an id has one
// spelling in a URL, and none has a meaning in a path.
const ORG_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const PLACEHOLDER_SEGMENT = /(?<=\/)\{orgId\}(?=\/|$)/;

/**
 * Replaces the placeholder by an organization's id.
 *
 * @param template A path or URL; without the placeholder as a segment of its own it stays as it is.
 * @param orgId A checked id.
 * @returns The path or URL of that organization.
 */
export function fillOrgId(template: string, orgId: string): string {
  return template.replace(PLACEHOLDER_SEGMENT, orgId);
}

/**
 * Tells whether text can be an organization's id: 1 to 64 letters, digits, `-` and `_`. PropelAuth is
 * not asked whether the organization exists: a token for it shows that.
 *
 * @param text A path segment or an argument, not yet checked.
 * @returns Whether it may stand in a path.
 */
export function isOrgId(text: unknown): text is string {
  return typeof text === "string" && ORG_ID.test(text);
}

/**
 * Creates the reader of one template.
 *
 * @param template A path with the placeholder.
 * @returns A function from a path to the id in it, `undefined` when it is no path of the template.
 */
export function createOrgIdReader(template: string): (path: string) => string | undefined {
  const at = template.indexOf(ORG_PLACEHOLDER);
  const prefix = template.slice(0, at);
  const suffix = template.slice(at + ORG_PLACEHOLDER.length);
  return (path) => {
    if (!path.startsWith(prefix) || !path.endsWith(suffix)) return undefined;
    const orgId = path.slice(prefix.length, path.length - suffix.length);
    return isOrgId(orgId) ? orgId : undefined;
  };
}
