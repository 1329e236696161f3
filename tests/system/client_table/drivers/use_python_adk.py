"""Google's Agent Development Kit for Python."""

import asyncio
from contextlib import asynccontextmanager

from google.adk.tools.mcp_tool.mcp_session_manager import StreamableHTTPConnectionParams
from google.adk.tools.mcp_tool.mcp_toolset import McpToolset

from host import TOKEN, URL, serve


class Toolset:
    def __init__(self, toolset, tools):
        self.toolset = toolset
        self.tools = {tool.name: tool for tool in tools}

    async def list(self):
        return list(self.tools)

    async def call(self, tool, arguments):
        result = await self.tools[tool].run_async(args=arguments, tool_context=None)
        text = str(result)
        if isinstance(result, dict) and (result.get("isError") or "error" in result):
            raise RuntimeError(text)
        return text


@asynccontextmanager
async def open_session():
    headers = {"Authorization": f"Bearer {TOKEN}"}
    toolset = McpToolset(
        connection_params=StreamableHTTPConnectionParams(url=URL, headers=headers)
    )
    try:
        yield Toolset(toolset, await toolset.get_tools())
    finally:
        await toolset.close()


asyncio.run(serve(open_session))
