"""The parts that drivers of Python clients share: commands on standard input, sessions in a task of
their own, and the browser."""

import asyncio
import json
import os
import sys
import urllib.parse
import urllib.request

URL = os.environ["MCP_URL"]
TOKEN = os.environ.get("MCP_TOKEN")


def describe(error):
    if isinstance(error, BaseExceptionGroup):
        return " | ".join(describe(one) for one in error.exceptions)
    text = f"{type(error).__name__}: {error}"
    return text if error.__cause__ is None else f"{text} <- {describe(error.__cause__)}"


def browse(url):
    """Has the user log in; gives the parameters that the client is sent."""
    query = urllib.parse.urlencode({"url": url, "follow": "0"})
    with urllib.request.urlopen(f"{os.environ['BROWSER_URL']}?{query}") as response:
        back = urllib.parse.urlsplit(response.read().decode())
    return {name: values[0] for name, values in urllib.parse.parse_qs(back.query).items()}


class Sessions:
    """Keeps each session in a task of its own, since a failure may cancel the task that opened it."""

    def __init__(self, open_session):
        self.open_session = open_session
        self.task = None

    async def connect(self):
        self.queue = asyncio.Queue()
        self.ready = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self.run())
        await self.either(self.ready)

    async def run(self):
        async with self.open_session() as session:
            self.ready.set_result(None)
            while True:
                name, arguments, reply = await self.queue.get()
                if name == "close":
                    return
                try:
                    value = await getattr(session, name)(*arguments)
                except Exception as error:
                    reply.done() or reply.set_exception(error)
                else:
                    reply.done() or reply.set_result(value)

    async def either(self, reply):
        """Waits for a reply, or for the end of the session."""
        await asyncio.wait([reply, self.task], return_when=asyncio.FIRST_COMPLETED)
        if reply.done():
            return reply.result()
        if self.task.cancelled():
            raise RuntimeError("the session was cancelled")
        raise self.task.exception() or RuntimeError("the session ended")

    async def ask(self, name, *arguments):
        if self.task is None or self.task.done():
            raise RuntimeError("there is no session any more")
        reply = asyncio.get_running_loop().create_future()
        await self.queue.put((name, arguments, reply))
        return await self.either(reply)

    async def close(self):
        if self.task is not None and not self.task.done():
            await self.queue.put(("close", (), None))
            await asyncio.wait([self.task], timeout=5)


async def serve(open_session):
    """Runs the commands that the scenarios send, one at a time: connect, list, call, close."""
    sessions = Sessions(open_session)
    while line := await asyncio.to_thread(sys.stdin.readline):
        request = json.loads(line)
        command = request["command"]
        try:
            if command == "connect":
                value = await sessions.connect()
            elif command == "close":
                value = await sessions.close()
            elif command == "list":
                value = await sessions.ask("list")
            else:
                value = await sessions.ask("call", request["tool"], request["input"])
            reply = {"ok": True, "text": value if isinstance(value, str) else json.dumps(value)}
        except BaseException as error:
            reply = {"ok": False, "text": describe(error)}
        sys.stdout.write(f"@@{json.dumps(reply)}\n")
        sys.stdout.flush()
    os._exit(0)


def text_of(result):
    """The text of a tool's result; raises when the result is an error."""
    text = "\n".join(getattr(part, "text", "") for part in result.content)
    failed = getattr(result, "isError", None) or getattr(result, "is_error", None)
    if failed:
        raise RuntimeError(f"isError: {text}")
    return text


class Session:
    """A session of the MCP SDK, and of the libraries that have the same methods."""

    def __init__(self, session):
        self.session = session

    async def list(self):
        listed = await self.session.list_tools()
        return [tool.name for tool in getattr(listed, "tools", listed)]

    async def call(self, tool, arguments):
        return text_of(await self.session.call_tool(tool, arguments))


def create_provider():
    """The MCP SDK's OAuth provider, of either major, which keeps everything in memory."""
    from mcp.client.auth import OAuthClientProvider
    from mcp.shared import auth

    answer = {}

    class Storage:
        tokens = None
        client = None

        async def get_tokens(self):
            return self.tokens

        async def set_tokens(self, tokens):
            self.tokens = tokens

        async def get_client_info(self):
            return self.client

        async def set_client_info(self, client_info):
            self.client = client_info

    async def redirect(url):
        answer.clear()
        answer.update(await asyncio.to_thread(browse, url))

    async def callback():
        if not hasattr(auth, "AuthorizationCodeResult"):
            return answer["code"], answer.get("state")
        return auth.AuthorizationCodeResult(
            code=answer["code"], state=answer.get("state"), iss=answer.get("iss")
        )

    metadata = auth.OAuthClientMetadata(
        client_name="client-table",
        redirect_uris=["http://127.0.0.1:8976/callback"],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    return OAuthClientProvider(
        URL, metadata, Storage(), redirect_handler=redirect, callback_handler=callback
    )
