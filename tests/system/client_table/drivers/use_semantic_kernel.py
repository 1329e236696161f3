"""Semantic Kernel's MCP plugin for Python."""

import asyncio
from contextlib import asynccontextmanager

from semantic_kernel.connectors.mcp import MCPStreamableHttpPlugin

from host import URL, create_provider, serve

provider = create_provider()


class Plugin:
    def __init__(self, plugin):
        self.plugin = plugin

    async def list(self):
        return [tool.name for tool in (await self.plugin.session.list_tools()).tools]

    async def call(self, tool, arguments):
        return str([str(part) for part in await self.plugin.call_tool(tool, **arguments)])


@asynccontextmanager
async def open_session():
    async with MCPStreamableHttpPlugin("reports", URL, load_prompts=False, auth=provider) as plugin:
        yield Plugin(plugin)


asyncio.run(serve(open_session))
