"""The MCP client of Strands Agents for Python."""

import asyncio
from contextlib import asynccontextmanager

from strands.tools.mcp import MCPClient

from host import URL, create_provider, serve

provider = create_provider()


class Strands:
    def __init__(self, client):
        self.client = client

    async def list(self):
        return [tool.tool_name for tool in await asyncio.to_thread(self.client.list_tools_sync)]

    async def call(self, tool, arguments):
        result = await self.client.call_tool_async("call", tool, arguments)
        text = str([part.get("text") for part in result["content"]])
        if result["status"] != "success":
            raise RuntimeError(text)
        return text


@asynccontextmanager
async def open_session():
    client = MCPClient(url=URL, auth_provider=provider)
    await asyncio.to_thread(client.start)
    try:
        yield Strands(client)
    finally:
        await asyncio.to_thread(client.stop, None, None, None)


asyncio.run(serve(open_session))
