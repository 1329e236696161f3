"""CrewAI's MCP tools."""

import asyncio
from contextlib import asynccontextmanager

from crewai_tools import MCPServerAdapter

from host import URL, create_provider, serve

provider = create_provider()


class Tools:
    def __init__(self, tools):
        self.tools = {tool.name: tool for tool in tools}

    async def list(self):
        return list(self.tools)

    async def call(self, tool, arguments):
        return str(await asyncio.to_thread(self.tools[tool].run, **arguments))


@asynccontextmanager
async def open_session():
    parameters = {"url": URL, "transport": "streamable-http", "auth": provider}
    adapter = await asyncio.to_thread(MCPServerAdapter, parameters)
    try:
        yield Tools(adapter.tools)
    finally:
        await asyncio.to_thread(adapter.stop)


asyncio.run(serve(open_session))
