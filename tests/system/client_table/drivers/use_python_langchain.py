"""LangChain's MCP adapters for Python."""

import asyncio
from contextlib import asynccontextmanager

from langchain_mcp_adapters.client import MultiServerMCPClient

from host import URL, create_provider, serve

client = MultiServerMCPClient(
    {"reports": {"transport": "streamable_http", "url": URL, "auth": create_provider()}}
)


class Tools:
    """Tools that open a session for each call, as `get_tools()` makes them."""

    def __init__(self, tools):
        self.tools = {tool.name: tool for tool in tools}

    async def list(self):
        return list(self.tools)

    async def call(self, tool, arguments):
        return str(await self.tools[tool].ainvoke(arguments))


@asynccontextmanager
async def open_session():
    yield Tools(await client.get_tools())


asyncio.run(serve(open_session))
