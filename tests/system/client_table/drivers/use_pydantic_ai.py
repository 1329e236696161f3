"""Pydantic AI's MCP toolset."""

import asyncio
from contextlib import asynccontextmanager

from pydantic_ai.mcp import MCPToolset
from fastmcp.client.auth import OAuth

from host import URL, serve

auth = OAuth(mcp_url=URL)


class Toolset:
    def __init__(self, toolset):
        self.toolset = toolset

    async def list(self):
        return [tool.name for tool in await self.toolset.list_tools()]

    async def call(self, tool, arguments):
        return str(await self.toolset.direct_call_tool(tool, arguments))


@asynccontextmanager
async def open_session():
    async with MCPToolset(URL, auth=auth) as toolset:
        yield Toolset(toolset)


asyncio.run(serve(open_session))
