# What the provider takes: its parameters, as FastMCP documents them.
from typing import TypedDict

class PropelAuthTokenIntrospectionOverrides(TypedDict, total=False):
    timeout_seconds: int
    cache_ttl_seconds: int | None
    max_cache_size: int | None
    http_client: object | None

class PropelAuthProvider:
    def __init__(
        self,
        *,
        auth_url: str,
        introspection_client_id: str,
        introspection_client_secret: str,
        base_url: str,
        required_scopes: list[str] | None = None,
        scopes_supported: list[str] | None = None,
        resource_name: str | None = None,
        resource_documentation: str | None = None,
        resource: str | None = None,
        token_introspection_overrides: PropelAuthTokenIntrospectionOverrides | None = None,
    ) -> None: ...
