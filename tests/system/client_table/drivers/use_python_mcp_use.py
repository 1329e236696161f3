"""mcp-use for Python."""

import asyncio
from contextlib import asynccontextmanager

from mcp_use import MCPClient

from host import URL, create_provider, serve

provider = create_provider()


class Use:
    def __init__(self, session):
        self.session = session

    async def list(self):
        return [tool.name for tool in await self.session.list_tools()]

    async def call(self, tool, arguments):
        from host import text_of

        return text_of(await self.session.call_tool(tool, arguments))


@asynccontextmanager
async def open_session():
    client = MCPClient({"mcpServers": {"reports": {"url": URL, "auth": provider}}})
    session = await client.create_session("reports")
    try:
        yield Use(session)
    finally:
        await client.close_all_sessions()


asyncio.run(serve(open_session))
