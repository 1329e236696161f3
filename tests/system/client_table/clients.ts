/**
 * The clients of the table: what is installed, and how each is started.
 *
 * @module
 */
import locked from "./npm/package.json" with { type: "json" };

/** A client library that a driver in this folder uses, or a program that one plays. */
export interface Client {
  /** The name of its folder, and the key of its row in `results.json`. */
  readonly id: string;
  readonly name: string;
  /** The package with its exact version, which comes first, and others beside it. */
  readonly install: Install;
  /** The file of `drivers`; none for a program of `programs.ts`. */
  readonly driver?: string;
  /** A note for users: a setting, or a peculiarity. */
  readonly note: string;
  /** Whether it has no OAuth, and is given a token for its `Authorization` header. */
  readonly header?: boolean;
  /** The lifetime of the token that expires, for a client that needs a longer one than others. */
  readonly lifetimeSeconds?: number;
}

type LockedPackage = keyof typeof locked.dependencies;

/** Packages with exact versions, from one registry. */
export type Install =
  | { readonly npm: readonly [string, ...string[]] }
  /** A package of `npm/package.json`, which has its version: the gate runs these clients too. */
  | { readonly locked: readonly [LockedPackage] }
  /** Packages that `npm ci --prefix .ci/tools` installs. */
  | { readonly tools: readonly [string] }
  | { readonly pypi: readonly [string, ...string[]] }
  | { readonly go: readonly [string, ...string[]] }
  /** Maven Central's `group:artifact:version`. */
  | { readonly maven: readonly [string, ...string[]] }
  /** Lines of a `Cargo.toml`. */
  | { readonly crates: readonly [string, ...string[]] };

/** The exact version of a client's package. */
export function versionOf({ install }: Client): string {
  if ("locked" in install) return locked.dependencies[install.locked[0]];
  const [[first]] = Object.values(install) as [readonly [string]];
  return /"=([\d.]+)"/.exec(first)?.[1] ?? first.replace(/^.*(?:@v?|==|:)/, "");
}

const PROVIDER = "`authProvider`; your code calls `finishAuth`, and repeats the call";
const OAUTH_PROVIDER = "`OAuthClientProvider` of the SDK as `auth`";
const NEEDS_V1 = "; `mcp<2` beside it, since an import fails with version 2";
const HEADER = "no OAuth: a fixed `Authorization` header";

export const CLIENTS: readonly Client[] = [
  {
    id: "sdk_1",
    name: "MCP SDK v1",
    install: { locked: ["@modelcontextprotocol/sdk"] },
    driver: "sdk_1.mjs",
    note: PROVIDER,
  },
  {
    id: "sdk_2",
    name: "MCP SDK v2",
    install: { locked: ["@modelcontextprotocol/client"] },
    driver: "sdk_2.mjs",
    note: PROVIDER,
  },
  {
    id: "ai_sdk",
    name: "AI SDK",
    install: { locked: ["@ai-sdk/mcp"] },
    driver: "ai_sdk.mjs",
    note: PROVIDER,
  },
  {
    id: "next_ai_sdk",
    name: "AI SDK in Next.js",
    install: {
      npm: ["@ai-sdk/mcp@2.0.99", "next@16.4.6", "react@19.3.1", "react-dom@19.3.1"],
    },
    driver: "next_ai_sdk.mjs",
    note: PROVIDER + "; here in a route handler of Next.js 16.4.6",
  },
  {
    id: "langchain",
    name: "LangChain",
    install: { locked: ["@langchain/mcp-adapters"] },
    driver: "langchain.mjs",
    note: PROVIDER +
      "; `automaticSSEFallback: false`, without which a fresh token that is refused is refreshed without end",
  },
  {
    id: "openai_agents",
    name: "OpenAI Agents SDK",
    install: { locked: ["@openai/agents"] },
    driver: "openai_agents.mjs",
    note: PROVIDER,
  },
  {
    id: "adk",
    name: "Google ADK",
    install: { locked: ["@google/adk"] },
    driver: "adk.mjs",
    note: PROVIDER + ", in `transportOptions`",
  },
  {
    id: "strands",
    name: "Strands Agents",
    install: { locked: ["@strands-agents/sdk"] },
    driver: "strands.mjs",
    note: PROVIDER,
  },
  {
    id: "genkit",
    name: "Genkit",
    install: { npm: ["@genkit-ai/mcp@1.42.0", "genkit@1.42.0"] },
    driver: "genkit.mjs",
    note: PROVIDER,
  },
  {
    id: "mastra",
    name: "Mastra",
    install: { locked: ["@mastra/mcp"] },
    driver: "mastra.mjs",
    note: PROVIDER,
  },
  {
    id: "python_mcp_1",
    name: "MCP SDK v1 for Python",
    install: { pypi: ["mcp==1.30.0"] },
    driver: "use_python_mcp_1.py",
    note: OAUTH_PROVIDER,
  },
  {
    id: "python_mcp_2",
    name: "MCP SDK v2 for Python",
    install: { pypi: ["mcp==2.3.0"] },
    driver: "use_python_mcp_2.py",
    note: OAUTH_PROVIDER,
  },
  {
    id: "fastmcp_4",
    name: "FastMCP 4",
    install: { pypi: ["fastmcp==4.2.3"] },
    driver: "use_fastmcp.py",
    note: '`auth="oauth"`',
  },
  {
    id: "fastmcp_3",
    name: "FastMCP 3",
    install: { pypi: ["fastmcp==3.4.11"] },
    driver: "use_fastmcp.py",
    note: '`auth="oauth"`',
  },
  {
    id: "fastmcp_2",
    name: "FastMCP 2",
    install: { pypi: ["fastmcp==2.14.7"] },
    driver: "use_fastmcp_2.py",
    note: '`auth="oauth"`',
  },
  {
    id: "python_langchain",
    name: "LangChain for Python",
    install: { pypi: ["langchain-mcp-adapters==0.3.2"] },
    driver: "use_python_langchain.py",
    note: OAUTH_PROVIDER,
  },
  {
    id: "python_mcp_use",
    name: "mcp-use for Python",
    install: { pypi: ["mcp-use==1.7.1"] },
    driver: "use_python_mcp_use.py",
    note: OAUTH_PROVIDER,
  },
  {
    id: "python_openai_agents",
    name: "OpenAI Agents SDK for Python",
    install: { pypi: ["openai-agents==0.24.0"] },
    driver: "use_python_openai_agents.py",
    note: OAUTH_PROVIDER,
  },
  {
    id: "pydantic_ai",
    name: "Pydantic AI",
    install: { pypi: ["pydantic-ai-slim[mcp]==2.68.0"] },
    driver: "use_pydantic_ai.py",
    note: '`MCPToolset(url, auth="oauth")`',
  },
  {
    id: "python_strands",
    name: "Strands Agents for Python",
    install: { pypi: ["strands-agents==1.62.0"] },
    driver: "use_python_strands.py",
    note: OAUTH_PROVIDER,
  },
  {
    id: "python_llama_index",
    name: "LlamaIndex",
    install: { pypi: ["llama-index-tools-mcp==0.6.0"] },
    driver: "use_python_llama_index.py",
    note: OAUTH_PROVIDER,
  },
  {
    id: "smolagents",
    name: "smolagents",
    install: { pypi: ["smolagents[mcp]==1.26.0", "mcp[ws]==1.30.0"] },
    driver: "use_smolagents.py",
    note: OAUTH_PROVIDER + NEEDS_V1,
  },
  {
    id: "agent_framework",
    name: "Microsoft Agent Framework",
    install: { pypi: ["agent-framework-core==1.23.0", "mcp==2.3.0", "tenacity==9.1.4"] },
    driver: "use_agent_framework.py",
    note: "the SDK's `OAuthClientProvider` in an `http_client`; `mcp` and `tenacity` beside it",
  },
  {
    id: "semantic_kernel",
    name: "Semantic Kernel",
    install: { pypi: ["semantic-kernel[mcp]==1.45.0"] },
    driver: "use_semantic_kernel.py",
    note: OAUTH_PROVIDER,
  },
  {
    id: "python_beeai",
    name: "BeeAI",
    install: { pypi: ["beeai-framework[mcp]==0.1.85"] },
    driver: "use_beeai.py",
    note: OAUTH_PROVIDER,
  },
  {
    id: "go_sdk",
    name: "MCP SDK for Go",
    install: { go: ["github.com/modelcontextprotocol/go-sdk@v1.8.0"] },
    driver: "go_sdk.go",
    note: "`auth.AuthorizationCodeHandler` as `OAuthHandler`",
  },
  {
    id: "mcp_go",
    name: "mcp-go",
    install: { go: ["github.com/mark3labs/mcp-go@v1.2.1"] },
    driver: "mcp_go.go",
    note: "`NewOAuthStreamableHttpClient`; your code does the login, and repeats the call",
  },
  {
    id: "rmcp",
    name: "MCP SDK for Rust",
    install: {
      crates: [
        'rmcp = { version = "=3.11.0", default-features = false, features = ["client", "auth", "transport-streamable-http-client-reqwest", "reqwest"] }',
        'reqwest = { version = "=0.13.5", default-features = false, features = ["query"] }',
        'serde_json = "1"',
        'tokio = { version = "1", features = ["full"] }',
      ],
    },
    driver: "rmcp.rs",
    note:
      "`AuthClient`; your code does the login with `AuthorizationRequest`, and opens a new session",
  },
  {
    id: "java_sdk",
    name: "MCP SDK for Java",
    install: { maven: ["io.modelcontextprotocol.sdk:mcp:2.1.0"] },
    driver: "JavaSdk.java",
    note: HEADER + ", by `httpRequestCustomizer`",
    header: true,
  },
  {
    id: "kotlin_sdk",
    name: "MCP SDK for Kotlin",
    install: {
      maven: [
        "io.modelcontextprotocol:kotlin-sdk-client-jvm:0.16.0",
        "io.ktor:ktor-client-cio-jvm:3.5.2",
        "org.jetbrains.kotlin:kotlin-compiler-embeddable:2.4.21",
      ],
    },
    driver: "KotlinSdk.kt",
    note: HEADER + ", by `requestBuilder`",
    header: true,
  },
  {
    id: "agno",
    name: "Agno",
    install: { pypi: ["agno[mcp]==3.1.10"] },
    driver: "use_agno.py",
    note: HEADER,
    header: true,
  },
  {
    id: "autogen",
    name: "AutoGen",
    install: { pypi: ["autogen-ext[mcp]==0.7.5", "mcp==1.30.0"] },
    driver: "use_autogen.py",
    note: HEADER + NEEDS_V1,
    header: true,
  },
  {
    id: "python_adk",
    name: "Google ADK for Python",
    install: { pypi: ["google-adk[mcp]==2.13.0"] },
    driver: "use_python_adk.py",
    note: HEADER,
    header: true,
  },
  {
    id: "haystack",
    name: "Haystack",
    install: { pypi: ["mcp-haystack==2.1.1"] },
    driver: "use_haystack.py",
    note: HEADER,
    header: true,
  },
  {
    id: "mcp_agent",
    name: "mcp-agent",
    install: { pypi: ["mcp-agent==0.2.6", "mcp==1.30.0"] },
    driver: "use_mcp_agent.py",
    note: HEADER + NEEDS_V1,
    header: true,
  },
  {
    id: "crewai",
    name: "CrewAI",
    install: { pypi: ["crewai-tools[mcp]==1.15.30"] },
    driver: "use_crewai.py",
    note: OAUTH_PROVIDER,
  },
  {
    id: "llamaindex",
    name: "LlamaIndex, JavaScript",
    install: { locked: ["@llamaindex/tools"] },
    driver: "llamaindex.mjs",
    note: PROVIDER,
  },
  {
    id: "voltagent",
    name: "VoltAgent",
    install: { npm: ["@voltagent/core@2.10.0", "ai@6.0.326", "zod@4.6.7"] },
    driver: "voltagent.mjs",
    note: HEADER,
    header: true,
  },
  {
    id: "n8n",
    name: "n8n, MCP Client Tool",
    install: { npm: ["@n8n/n8n-nodes-langchain@2.41.1"] },
    driver: "n8n.mjs",
    note: "here Bearer Auth, a fixed `Authorization` header; its OAuth2 needs n8n's own server",
    header: true,
  },
  {
    id: "mcp_remote",
    name: "mcp-remote",
    install: { npm: ["mcp-remote@0.15.1", "@modelcontextprotocol/sdk@1.32.2"] },
    driver: "mcp_remote.mjs",
    note: "a port after the URL, such as `3334`",
  },
  {
    id: "inspector",
    name: "MCP Inspector, CLI",
    install: { npm: ["@modelcontextprotocol/inspector@2.12.0"] },
    driver: "inspector.mjs",
    note: "`--callback-url`",
  },
  {
    id: "mcporter",
    name: "mcporter",
    install: { npm: ["mcporter@0.12.3"] },
    driver: "mcporter.mjs",
    note: "`mcporter auth NAME` before the first call",
  },
  {
    id: "claude_code",
    name: "Claude Code",
    install: { tools: ["@anthropic-ai/claude-code@2.1.332"] },
    note: "`--callback-port`; `claude mcp login NAME`, or `/mcp`",
  },
  {
    id: "codex",
    name: "Codex",
    install: { tools: ["@openai/codex@0.169.0"] },
    note: "`-c mcp_oauth_callback_port=8080` at each login",
  },
  {
    id: "opencode",
    name: "OpenCode",
    install: { npm: ["opencode-ai@1.18.33"] },
    note: "`opencode mcp auth NAME`",
  },
  {
    id: "gemini_cli",
    name: "Gemini CLI",
    install: { npm: ["@google/gemini-cli@0.61.0"] },
    note: "`/mcp auth NAME`; `oauth.redirectUri` for a fixed port",
    // It refreshes five minutes before the end.
    lifetimeSeconds: 330,
  },
  {
    id: "qwen_code",
    name: "Qwen Code",
    install: { npm: ["@qwen-code/qwen-code@0.24.4"] },
    note:
      "PropelAuth's `authorizationUrl`, `tokenUrl` and `registrationUrl` in `oauth`; then `/mcp`, **Authenticate**",
    lifetimeSeconds: 330,
  },
  {
    id: "copilot_cli",
    name: "GitHub Copilot CLI",
    install: { npm: ["@github/copilot@1.0.102"] },
    note: "`auth.redirectPort`; logs in when it starts at a terminal, not with `--prompt`",
    // Its login at the terminal takes ten seconds.
    lifetimeSeconds: 40,
  },
  {
    id: "cline",
    name: "Cline CLI",
    install: { npm: ["cline@3.0.65"] },
    note: "`cline mcp`, **Authorize OAuth**",
    // Its start can take longer than the usual lifetime.
    lifetimeSeconds: 40,
  },
  {
    id: "continue_cli",
    name: "Continue CLI",
    install: { npm: ["@continuedev/cli@1.5.47"] },
    note: HEADER + ", in `requestOptions.headers`",
    header: true,
  },
];
