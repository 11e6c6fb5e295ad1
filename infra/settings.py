"""Settings of a process, from `THROUGHLINE_*` variables and files of a secrets directory; wrong ones say what to do.

One class for every service, so that one table documents them all (`docs/settings.md`, written from `table()`).
"""

import logging
import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from infra.problems import Problem

PREFIX = "THROUGHLINE_"
SECRETS = Path("/run/secrets")
LAUNCHER = ("CACHE", "STATE", "KAFKA_PORT", "MONGO_PORT", "DATABASE", "JARS", "MONGO_CACHE", "COMPOSED")
"""What a local run's launcher reads itself; the processes it starts may inherit it."""
PROVISION = "PROVISION_"
"""What the administrator's commands read begins so."""
log = logging.getLogger(__name__)

Count = Annotated[int, Field(ge=1)]
Millis = Annotated[int, Field(ge=1, le=600_000)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Ratio = Annotated[float, Field(ge=0, le=1)]
PAIRS = r"^([^,]+=[^\s,=]+(,[^,]+=[^\s,=]+)*)?$"
Reads = Literal["everything", "apart", "rest"]
"""What of a service's streams a process reads: `apart` is what nothing else may stand before."""


class Settings(BaseSettings):
    """What a process must be told. A secret is a `SecretStr`: it is never printed, and no error shows it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)

    service: str = Field(pattern=r"^[a-z][a-z_]{1,40}$", description="Name of this service; also its database and consumer group.")
    network: str = Field("local", pattern=r"^[a-z][a-z0-9-]{0,40}$", description="The network this deployment serves; part of `source`.")
    development: bool = Field(False, description="A developer's machine: plaintext connections, a local issuer and a fast clock allowed.")
    state_dir: Path = Field(Path(".throughline"), description="Where a development run keeps its own keys.")
    secrets_dir: Path | None = Field(None, description="Directory of files named as variables, lower case; `/run/secrets` if it exists.")

    kafka_bootstrap: str = Field("127.0.0.1:9092", pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$", description="Brokers, `host:port,…`.")
    kafka_user: str = Field("", description="SCRAM user; one principal a service.")
    kafka_password: SecretStr = Field(SecretStr(""), description="Its password.")
    kafka_tls: bool = Field(True, description="TLS to the brokers; only development may switch it off.")
    kafka_ca_file: Path | None = Field(None, description="Certificates to trust for the brokers instead of the system's.")

    mongo_url: SecretStr = Field(SecretStr("mongodb://127.0.0.1:27017"), description="This service's own database, with its user.")
    mongo_driver: Literal["pymongo", "motor"] = Field("pymongo", description="Which client library speaks to the database.")
    mongo_timeout_ms: Millis = Field(5_000, description="Longest any database call may take.")
    vault_url: SecretStr | None = Field(None, description="The database `vault`; by default the server of `MONGO_URL`.")
    vault_kek: SecretStr = Field(SecretStr(""), description="Key-encryption key: base64 of 32 bytes. Needed wherever a vault is opened.")
    vault_kek_previous: SecretStr = Field(SecretStr(""), description="Retired keys that still unwrap, comma separated, during rotation.")
    vault_cache_records_max: Count = Field(10_000, description="Data keys kept in memory, each for at most 60 s.")

    http_host: str = Field("127.0.0.1", description="Address to listen on.")
    http_port: Port = Field(8080, description="Port to listen on; 0 picks a free one.")
    http_body_bytes_max: Count = Field(262_144, description="Largest body of a command.")

    lanes: Annotated[int, Field(ge=1, le=24)] = Field(3, description="Consumers of this process within its group.")
    reads: Reads = Field(
        "everything",
        description="Which streams: all; or only those that nothing may stand before, or only the rest, each by processes of its own.",
    )
    batch_events_max: Count = Field(500, description="Events decided on and committed together.")
    batch_bytes_max: Count = Field(1_048_576, description="Bytes fetched and held at a time, per lane.")
    unpublished_facts_max: Count = Field(10_000, description="More than these waiting to be published and commands are refused (503).")
    stop_seconds: Count = Field(10, description="Longest a stop may take, brokers down included.")

    errand_seconds: Count = Field(45, description="How long a claim on something to be done outside stands; it takes two thirds at most.")

    clock_rate: Annotated[float, Field(gt=0, le=1_000_000)] = Field(1.0, description="Virtual seconds a second; 1 in production.")
    clock_epoch: AwareDatetime | None = Field(None, description="Instant at which virtual time started to run; the same in every process.")
    clock_start: AwareDatetime | None = Field(None, description="Virtual time at that instant; by default the instant itself.")
    clock_file: Path | None = Field(None, description="File of the seconds that virtual time is ahead: a developer moves it, all see it.")

    rules: str = Field("", description="Directories laid over the rules of services, the most specific last, one with `calendar.yaml`.")

    demo_data: bool = Field(False, description="Every page says that its people are invented.")

    board_url: str = Field(
        "http://127.0.0.1:8080", pattern=r"^https?://\S+$", description="Where people sign in and act: links lead there."
    )
    alerts_url: str = Field("", pattern=r"^(https?://\S+)?$", description="Where alerts are looked at; empty: below the board's address.")
    service_urls: str = Field(
        "",
        pattern=r"^([a-z_]+=https?://[^\s,=]+)?(,[a-z_]+=https?://[^\s,=]+)*$",
        description="Where the console sends commands: `service=url`, comma separated.",
    )
    mail_sender: str = Field("throughline@localhost", pattern=r"^[^@\s]+@[^@\s]+$", description="Address that e-mail comes from.")
    mail_returns: str = Field(
        "",
        pattern=r"^([^@+\s]+@[^@\s]+)?$",
        description="Address that undelivered e-mail comes back to, an id after its `+`; empty: to the sender, where nobody reads it.",
    )
    smtp_host: str = Field("", description="Relay for e-mail; empty: no e-mail is sent.")
    smtp_port: Port = Field(587, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="How the connection is protected.")
    smtp_ca_file: Path | None = Field(None, description="Certificates to trust for the relay instead of the system's.")
    smtp_user: str = Field("", description="User at the relay, if it asks for one.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Its password.")

    trace_endpoint: str = Field("", pattern=r"^(https?://\S+)?$", description="OTLP/HTTP collector; empty: no traces.")
    trace_url: str = Field(
        "",
        pattern=r"^(https?://\S*\{trace\}\S*)?$",
        description="Where a trace is looked at, `{trace}` for its id; empty: the id alone.",
    )
    trace_sampling_ratio: Ratio = Field(0.01, description="Share of traces kept, from 0 to 1.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level written.")

    issuer: str = Field("", description="Who must have issued a token (`iss`). Empty: no token is accepted.")
    audience: str = Field("throughline", min_length=1, description="Whom a token must be for (`aud`).")
    jwks: str = Field("", description="The issuer's keys: an `https://` address, or a file; empty: where the issuer's own document says.")
    client_id: str = Field("throughline", min_length=1, description="What the issuer calls the console; people are signed in for it.")
    client_secret: SecretStr = Field(SecretStr(""), description="Its secret at the issuer; empty: a public client (PKCE is used always).")
    scopes: str = Field(
        "openid", pattern=r"^openid( \S+)*$", description="What is asked of the issuer; `offline_access` may be needed to stay."
    )
    subject_claim: str = Field(
        "sub", min_length=1, description="Claim of a token with the account's opaque id, as people are listed on duty."
    )
    roles_claim: str = Field("roles", min_length=1, description="Claim with the roles, a list; inside others: `realm_access.roles`.")
    role_names: str = Field("", pattern=PAIRS, description="What the issuer's roles are called here, `theirs=ours,…`; empty: the same.")
    organisations_claims: str = Field(
        "organisations", min_length=1, description="Claims, comma separated, with the organisations, units and programmes of an account."
    )
    organisation_names: str = Field("", pattern=PAIRS, description="What those are called here, `theirs=ours,…`; empty: the same.")

    @model_validator(mode="after")
    def _together(self) -> Self:
        faults = [text for wrong, text in _rules(self) if wrong]
        if faults:
            raise ValueError("\n  ".join(faults))
        return self


def _rules(s: Settings) -> Iterable[tuple[bool, str]]:
    """What no single setting can say of itself. The texts name settings, never values."""
    virtual = s.clock_rate != 1 or s.clock_start is not None
    yield virtual and s.clock_epoch is None, f"{PREFIX}CLOCK_EPOCH must be set where CLOCK_RATE or CLOCK_START is, alike in every process"
    yield (
        virtual and s.clock_file is not None,
        f"{PREFIX}CLOCK_FILE goes with neither CLOCK_RATE nor CLOCK_START",
    )
    if not s.development:
        only = f"only with {PREFIX}DEVELOPMENT=true"
        yield virtual, f"{PREFIX}CLOCK_RATE and CLOCK_START may differ from the world's {only}"
        yield s.clock_file is not None, f"{PREFIX}CLOCK_FILE may be set {only}"
        yield not s.kafka_tls, f"{PREFIX}KAFKA_TLS may be false {only}"
        yield bool(s.smtp_host) and s.smtp_security == "none", f"{PREFIX}SMTP_SECURITY may be none {only}"
        yield not s.jwks and s.issuer.startswith("http://"), f"{PREFIX}ISSUER may be plain http {only}"
        yield s.jwks.startswith("http://"), f"{PREFIX}JWKS may be plain http {only}; use https or a file"
    yield bool(s.kafka_user) != bool(s.kafka_password.get_secret_value()), f"{PREFIX}KAFKA_USER and KAFKA_PASSWORD go together"
    yield bool(s.smtp_user) != bool(s.smtp_password.get_secret_value()), f"{PREFIX}SMTP_USER and SMTP_PASSWORD go together"
    by_itself = s.issuer.startswith(("https://", "http://"))
    yield bool(s.issuer) != bool(s.jwks) and not by_itself, f"{PREFIX}ISSUER and JWKS go together, but where ISSUER is an address"


def load(**given: Any) -> Settings:
    """The settings of this process; raises TL-1001 with every wrong one. `given` wins over the environment."""
    warn_unknown(os.environ)
    try:
        return Settings(**given, _secrets_dir=_secrets(given))
    except ValidationError as error:
        faults = [_fault(detail) for detail in error.errors(include_url=False, include_input=False, include_context=False)]
    except SettingsError as error:
        faults = [str(error)]
    raise Problem("TL-1001", "settings are missing or wrong", "\n  ".join(faults), "see docs/settings.md", status=500) from None


def _secrets(given: Mapping[str, Any]) -> Path | None:
    folder = Path(given.get("secrets_dir") or os.environ.get(f"{PREFIX}SECRETS_DIR") or SECRETS)
    return folder if folder.is_dir() else None


def _fault(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    name = str(detail["loc"][0])
    field = Settings.model_fields.get(name)
    return f"{PREFIX}{name.upper()}: {message}{f' ({field.description})' if field else ''}"


def warn_unknown(environ: Mapping[str, str]) -> None:
    """A misspelt variable is silently a default; say so, by name only."""
    for name, meant in unknown(environ).items():
        log.warning("unknown setting %s%s", name, f" (did you mean {meant}?)" if meant else "")


def unknown(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables with our prefix that mean nothing, each with the nearest that does (or nothing)."""
    known = [name.upper() for name in Settings.model_fields]
    named = {name: name.upper().removeprefix(PREFIX) for name in sorted(environ) if name.upper().startswith(PREFIX)}
    ours = {name: rest for name, rest in named.items() if rest not in LAUNCHER and not rest.startswith(PROVISION)}
    nearest = {name: get_close_matches(rest, known, 1) for name, rest in ours.items() if rest not in known}
    return {name: PREFIX + near[0] if near else "" for name, near in nearest.items()}


def table() -> str:
    """The Markdown of docs/settings.md."""
    rows = [f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |" for name, field in Settings.model_fields.items()]
    how = "Variables, or files of the same name in lower case in the secrets directory. Wrong ones stop the process."
    return "\n".join(("# Settings", "", how, "", "| variable | default | meaning |", "|---|---|---|", *rows, ""))


def _default(field: FieldInfo) -> str:
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if value is PydanticUndefined:
        return "**required**"
    if value in (None, ""):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
