"""smolagents with MCPAdapt."""

import asyncio
from contextlib import asynccontextmanager

from smolagents import MCPClient

from host import URL, create_provider, serve

provider = create_provider()


class Tools:
    def __init__(self, tools):
        self.tools = {tool.name: tool for tool in tools}

    async def list(self):
        return list(self.tools)

    async def call(self, tool, arguments):
        return str(await asyncio.to_thread(self.tools[tool], **arguments))


@asynccontextmanager
async def open_session():
    parameters = {"url": URL, "transport": "streamable-http", "auth": provider}
    client = await asyncio.to_thread(MCPClient, parameters, structured_output=False)
    try:
        yield Tools(client.get_tools())
    finally:
        await asyncio.to_thread(client.disconnect)


asyncio.run(serve(open_session))
