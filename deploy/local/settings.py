"""What a person may choose about a local run, read from the environment; nothing else configures it."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _xdg(variable: str, fallback: str) -> Path:
    """A base directory as the XDG convention has it: absolute, or else it does not count."""
    given = Path(os.environ.get(variable, ""))
    return given if given.is_absolute() else Path.home() / fallback


class LocalSettings(BaseSettings):
    """Environment variables `THROUGHLINE_…`, and `MONGO_URL` under its own well-known name."""

    model_config = SettingsConfigDict(env_prefix="THROUGHLINE_", populate_by_name=True, hide_input_in_errors=True)

    cache: Path = Field(default_factory=lambda: _xdg("XDG_CACHE_HOME", ".cache") / "throughline")
    """Fetched once per user: Kafka's jars, the database server."""
    state: Path = Field(default_factory=lambda: _xdg("XDG_STATE_HOME", ".local/state") / "throughline" / "default")
    """All data, logs, passwords and process records of one run; another directory is another, independent run."""
    kafka_port: int = Field(19092, ge=1, le=65534)
    """Clients connect here; the next port is the controller's."""
    mongo_port: int = Field(27117, ge=1, le=65535)
    http_port: int = Field(8080, ge=1, le=65500)
    """The first service's; the others follow."""
    database: Literal["auto", "mongod", "secantus-rs", "secantus-py"] = "auto"
    jars: Literal["auto", "mvn", "jgo"] = "auto"
    mongo_cache: str = Field("1G", pattern=r"^[0-9]+[MG]$")
    """Memory of the local database's page cache."""
    composed: bool = False
    """A command that runs in a container of the compose file, beside what it is about."""
    mongo_url: str | None = Field(None, alias="MONGO_URL")
    """A server that exists already, with a user who may create users; nothing is started then."""
