// The text that `deno task dev` prints: the URLs, the users, and how to connect clients.

/** The servers that run. */
export interface Running {
  readonly mcpUrl: string;
  readonly authUrl: string;
  readonly scopes: readonly string[];
  readonly users: readonly User[];
  /** The file that contains the environment variables. */
  readonly envFile: string;
  /** Whether the server is that of examples/scopes.ts, whose tools need scopes. */
  readonly policy: boolean;
  /** Whether the server is that of examples/machines.ts, which takes API keys too. */
  readonly withApiKeys: boolean;
  /** The page on which a user makes API keys. */
  readonly apiKeysUrl: string;
}

interface User {
  readonly email: string;
  readonly orgName?: string;
  readonly orgRole?: string;
  readonly grantableScopes?: readonly string[];
}

/** The URL to which `deno task client` connects by default. */
const DEFAULT_MCP_URL = "http://127.0.0.1:8000/mcp";

/** Describes the servers in lines of at most 80 columns. */
export function describeRunning(running: Running, bold: (text: string) => string): string {
  const { mcpUrl, authUrl, scopes, users, envFile, policy, withApiKeys } = running;
  // With that file Deno fetches only the packages of these programs; there is no room for both.
  const client = mcpUrl === DEFAULT_MCP_URL
    ? "deno task -c examples/dev.json client"
    : `deno task client ${mcpUrl}`;
  return `
${bold("A protected MCP server and a local PropelAuth are running. Ctrl-C stops both.")}
Where Deno is not installed, \`npx -y deno@2.9.5\` stands for \`deno\` below.

  MCP URL   ${mcpUrl}
  Auth URL  ${authUrl}

${bold("Users")}, without passwords, and the scopes that they may grant
${users.map((user) => describeUser(user, scopes)).join("\n")}
  Scopes: ${scopes.join(", ")}

${bold("Client in this repository")}
  ${client}
  ${client} --login-as ${users[0]?.email}
${policy ? describeStepUp(client, bold) : ""}${withApiKeys ? describeApiKeys(running, bold) : ""}
${bold("Claude Code")}, then log in with /mcp
  claude mcp add --transport http local ${mcpUrl}

${bold("Claude Desktop, claude.ai")}
  Connectors call from the internet, so they need a public https URL. Claude
  Desktop reaches this machine by a bridge, in claude_desktop_config.json:
  {"mcpServers":{"local":{"command":"npx",
    "args":["-y","mcp-remote","${mcpUrl}"]}}}

${bold("Cursor")}, in .cursor/mcp.json
  {"mcpServers":{"local":{"url":"${mcpUrl}"}}}

${bold("VS Code")}, in .vscode/mcp.json
  {"servers":{"local":{"type":"http","url":"${mcpUrl}"}}}

${bold("MCP Inspector")}, with Node 22.19 or later
  npx @modelcontextprotocol/inspector ${mcpUrl}

${bold("Is all well?")} The doctor checks every part, and says what to do
  deno task doctor --env ${envFile}

${bold("Below")} stands each caller, and each refusal with its reason
`;
}

function describeStepUp(client: string, bold: (text: string) => string): string {
  return `
${bold("A tool that needs a scope")}: decline admin:org at the login, and it asks again
  ${client} --call purge_reports
`;
}

function describeApiKeys({ apiKeysUrl, mcpUrl }: Running, bold: (text: string) => string): string {
  return `
${bold("API keys")}, for programs without a user: make one, and give it to a client
  ${apiKeysUrl}
  claude mcp add --transport http machine ${mcpUrl} \\
    --header "Authorization: Bearer KEY"
`;
}

function describeUser(
  { email, orgName, orgRole, grantableScopes }: User,
  scopes: readonly string[],
) {
  const role = orgName === undefined ? "" : `${orgRole ?? "member"} of ${orgName}`;
  const denied = scopes.filter((scope) => grantableScopes?.includes(scope) === false);
  const grants = denied.length === 0 ? "all" : `all but ${denied.join(", ")}`;
  return `  ${email.padEnd(22)} ${role.padEnd(18)} ${grants}`;
}
