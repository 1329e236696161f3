"""mcp-agent."""

import asyncio
from contextlib import asynccontextmanager

from mcp_agent.app import MCPApp
from mcp_agent.config import MCPServerAuthSettings, MCPServerSettings, MCPSettings, Settings
from mcp_agent.mcp.mcp_aggregator import MCPAggregator

from host import TOKEN, URL, Session, serve

server = MCPServerSettings(
    transport="streamable_http", url=URL, headers={"Authorization": f"Bearer {TOKEN}"}
)
settings = Settings(execution_engine="asyncio", mcp=MCPSettings(servers={"reports": server}))


@asynccontextmanager
async def open_session():
    app = MCPApp(name="client-table", settings=settings)
    async with app.run() as running:
        async with MCPAggregator(
            server_names=["reports"], connection_persistence=True, context=running.context
        ) as aggregator:
            yield Session(aggregator)


asyncio.run(serve(open_session))
