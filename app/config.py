"""Settings from the environment, read once and never changed."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting; its alias is the name of its environment variable. See docs/settings.md."""

    model_config = SettingsConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    database_url: str = Field(
        default="sqlite:///troth.db",
        validation_alias="TROTH_DATABASE_URL",
        description="Where the data is: sqlite:///file, sqlite:////absolute/file or postgresql://user@host/name.",
    )
    host: str = Field(
        default="127.0.0.1", validation_alias="TROTH_HOST", description="The address that the server listens on."
    )
    port: int = Field(
        default=8000, ge=1, le=65535, validation_alias="PORT", description="The port that the server listens on."
    )
    persisted_documents: bool = Field(
        default=True,
        validation_alias="TROTH_PERSISTED_DOCUMENTS",
        description="Whether clients may register documents, and then send their SHA-256 instead of their text.",
    )
    trusted_documents: Path | None = Field(
        default=None,
        validation_alias="TROTH_TRUSTED_DOCUMENTS",
        description="A folder of documents, or a manifest of them: no other documents are run.",
    )
    cors_origins: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.-]+(:\d+)?(,\s*https?://[A-Za-z0-9.-]+(:\d+)?)*$",
        validation_alias="TROTH_CORS_ORIGINS",
        description="The origins whose pages may call the API from a browser, separated by commas.",
    )
    introspection: bool = Field(
        default=True,
        validation_alias="TROTH_INTROSPECTION",
        description="Whether callers without a key may ask for the schema. Holders of a key always may.",
    )
    graphiql: bool = Field(
        default=True,
        validation_alias="TROTH_GRAPHIQL",
        description="Whether GraphiQL is served at /graphql to those who open it in a browser.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", validation_alias="TROTH_LOG_LEVEL", description="The least severe messages to log."
    )
    jobs: bool = Field(
        default=True,
        validation_alias="TROTH_JOBS",
        description="Whether the server runs due jobs: pending points, notices, expiry, tiers.",
    )
    max_connections: int = Field(
        default=1_000,
        ge=10,
        validation_alias="TROTH_MAX_CONNECTIONS",
        description="Open connections that are kept; one more closes a connection of the key or address that has most.",
    )
    requests_at_once: int = Field(
        default=32,
        ge=1,
        validation_alias="TROTH_REQUESTS_AT_ONCE",
        description="Requests under way at once; for the others, keys and addresses take turns.",
    )
    requests_beside_others: int = Field(
        default=2,
        ge=1,
        validation_alias="TROTH_REQUESTS_BESIDE_OTHERS",
        description="Of the requests under way, those of keys and addresses that have several, while other keys are used, too.",
    )
    cost_limit: int = Field(
        default=10_000,
        ge=100,
        validation_alias="TROTH_COST_LIMIT",
        description="What one caller may spend at once, and on one operation: an object costs 1, a mutation 10 more.",
    )
    cost_restored: int = Field(
        default=1_000,
        ge=1,
        validation_alias="TROTH_COST_RESTORED",
        description="What each caller gets back in a second.",
    )
    lookups_per_minute: int = Field(
        default=300,
        ge=6,
        validation_alias="TROTH_LOOKUPS_PER_MINUTE",
        description="Customer look-ups per key by card, phone and the like; a look-up that finds nobody counts five times.",
    )
    trusted_proxies: str = Field(
        default="",
        validation_alias="TROTH_TRUSTED_PROXIES",
        description="Networks of reverse proxies, separated by commas, whose X-Forwarded-For or Forwarded header is believed.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, text: str) -> str:
        """The unchanged text. Raises ValueError if it is no list of networks."""
        try:
            for part in filter(None, (part.strip() for part in text.split(","))):
                ip_network(part)
        except ValueError as error:
            raise ValueError(f"{error}; list networks such as 10.0.0.0/8, ::1/128") from error
        return text

    @property
    def origins(self) -> list[str]:
        """The origins whose pages may call the API."""
        return [origin.strip() for origin in (self.cors_origins or "").split(",") if origin.strip()]
