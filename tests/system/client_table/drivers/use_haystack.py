"""Haystack's MCP toolset."""

import asyncio
from contextlib import asynccontextmanager

from haystack_integrations.tools.mcp import MCPToolset, StreamableHttpServerInfo

from host import TOKEN, URL, serve


class Toolset:
    def __init__(self, toolset):
        self.tools = {tool.name: tool for tool in toolset}

    async def list(self):
        return list(self.tools)

    async def call(self, tool, arguments):
        return str(await asyncio.to_thread(self.tools[tool].invoke, **arguments))


@asynccontextmanager
async def open_session():
    info = StreamableHttpServerInfo(url=URL, token=TOKEN)
    toolset = await asyncio.to_thread(MCPToolset, server_info=info, eager_connect=True)
    try:
        yield Toolset(toolset)
    finally:
        await asyncio.to_thread(toolset.close)


asyncio.run(serve(open_session))
