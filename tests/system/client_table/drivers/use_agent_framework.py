"""Microsoft Agent Framework's MCP tool."""

import asyncio
from contextlib import asynccontextmanager

import httpx2
from agent_framework import MCPStreamableHTTPTool

from host import URL, create_provider, serve

http_client = httpx2.AsyncClient(auth=create_provider(), timeout=30)


class Tool:
    def __init__(self, tool):
        self.tool = tool

    async def list(self):
        return [function.name for function in self.tool.functions]

    async def call(self, tool, arguments):
        contents = await self.tool.call_tool(tool, **arguments)
        return "\n".join(str(getattr(part, "text", part)) for part in contents)


@asynccontextmanager
async def open_session():
    async with MCPStreamableHTTPTool("reports", url=URL, http_client=http_client) as tool:
        yield Tool(tool)


asyncio.run(serve(open_session))
