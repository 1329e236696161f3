"""BeeAI's MCP tool for Python."""

import asyncio
from contextlib import asynccontextmanager

from beeai_framework.tools.mcp import MCPTool
from mcp.client.streamable_http import streamablehttp_client

from host import URL, create_provider, serve

provider = create_provider()


class Tools:
    def __init__(self, tools):
        self.tools = {tool.name: tool for tool in tools}

    async def list(self):
        return list(self.tools)

    async def call(self, tool, arguments):
        return str(await self.tools[tool].run(arguments))


@asynccontextmanager
async def open_session():
    yield Tools(await MCPTool.from_client(streamablehttp_client(URL, auth=provider)))


asyncio.run(serve(open_session))
