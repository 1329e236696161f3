# What FastMCP takes, as far as docs/migrate.md uses it.
from .server.auth.providers.propelauth import PropelAuthProvider

class FastMCP:
    def __init__(self, name: str | None = None, *, auth: PropelAuthProvider | None = None) -> None: ...
