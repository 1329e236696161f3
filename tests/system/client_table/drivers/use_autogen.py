"""AutoGen's MCP workbench, with a fixed header."""

import asyncio
from contextlib import asynccontextmanager

from autogen_ext.tools.mcp import McpWorkbench, StreamableHttpServerParams

from host import TOKEN, URL, serve


class Workbench:
    def __init__(self, workbench):
        self.workbench = workbench

    async def list(self):
        return [tool["name"] for tool in await self.workbench.list_tools()]

    async def call(self, tool, arguments):
        result = await self.workbench.call_tool(tool, arguments)
        if result.is_error:
            raise RuntimeError(result.to_text())
        return result.to_text()


@asynccontextmanager
async def open_session():
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with McpWorkbench(StreamableHttpServerParams(url=URL, headers=headers)) as workbench:
        yield Workbench(workbench)


asyncio.run(serve(open_session))
