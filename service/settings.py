"""Where things are and what they are called: ``ecas.toml``, overlaid by environment variables of the same names.

Plain pydantic: pydantic-settings costs 110 ms of import, more than everything else that ``ecas validate`` does (measured).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from canonical.errors import ConfigurationError
from specs.package import PACKAGE_FILE

#: The name of the file, looked for from a payload's folder upward.
FILE_NAME: Final = "ecas.toml"
#: What the names of environment variables begin with.
PREFIX: Final = "ECAS_"
_SQLITE: Final = "sqlite:///"
#: The settings that are one path.
_PATHS: Final = frozenset({
    "roster", "mapping_path", "data_dir", "key_file", "previous_key_file", "master_command",
    "gateway_key_file", "gateway_certificate", "gateway_certificate_key", "gateway_ca",
})  # fmt: skip

#: The settings that are a list of paths.
_LISTS: Final = frozenset({"spec_path", "blackout_calendars"})
#: The settings that are a list of words, in a variable separated by commas.
_WORDS: Final = frozenset({"webhook_networks"})


class Settings(BaseModel):
    """Everything that a deployment chooses. Relative paths of a file are relative to that file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    agency: str | None = Field(None, min_length=1, description="the agency's id, as text")
    roster: Path | None = Field(None, description="the path of the roster of certification keys (CSV)")
    mapping_path: Path | None = Field(None, description="the path of a mapping, or of a folder of mappings")
    spec_path: tuple[Path, ...] = Field((), description="folders that hold specification packages")
    spec: str | None = Field(None, min_length=1, description="a specification package, by version or folder, as text")
    data_dir: Path = Field(Path("var"), description="the folder for everything that the service writes")
    database_url: SecretStr | None = Field(None, description="an SQLAlchemy address, sqlite or postgresql+psycopg")
    database_owner_url: SecretStr | None = Field(
        None, description="the address as which the PostgreSQL schema is upgraded, postgresql+psycopg"
    )
    key_file: Path | None = Field(None, description="the path of the master key that seals what is stored")
    master_command: Path | None = Field(None, description="the path of a program that prints the master key")
    previous_key_file: Path | None = Field(
        None, description="the path of the master key before, while it is being replaced"
    )
    keep_payload_days: int | None = Field(
        None, ge=1, description="the days after which what was received is erased, a whole number"
    )
    keep_document_days: int | None = Field(
        None, ge=1, description="the days after its end after which a submission is erased, a whole number"
    )
    audit_dir: Path | None = Field(None, description="the folder for the signed checkpoints of the audit trail")
    audit_key_file: Path | None = Field(None, description="the path of the key that signs them")
    gateway_url: str | None = Field(None, pattern=r"^https?://", description="the state's base address, http or https")
    gateway_client_id: str | None = Field(None, min_length=1, description="the client id that the state gave, as text")
    gateway_key_id: str | None = Field(
        None, min_length=1, description="the name of our key in the state's set, as text"
    )
    gateway_key_file: Path | None = Field(None, description="the path of the private key that signs our assertions")
    gateway_audience: str | None = Field(None, min_length=1, description="whom our assertions are for, as text")
    gateway_certificate: Path | None = Field(None, description="the path of our client certificate (PEM)")
    gateway_certificate_key: Path | None = Field(None, description="the path of the certificate's private key (PEM)")
    gateway_ca: Path | None = Field(None, description="the path of the authority that signs the state's certificate")
    gateway_proxy: SecretStr | None = Field(None, description="the proxy's address, http://host:port")
    blackout_calendars: tuple[Path, ...] = Field((), description="calendar files (ICS) of the state's maintenance")
    url: str = Field("http://127.0.0.1:8000", pattern=r"^https?://", description="the address of the ecas service")
    api_key: SecretStr | None = Field(None, description="the agency's API key, as text")
    max_body_bytes: int = Field(10_000_000, ge=1, description="the bytes of one request at most, a whole number")
    max_assessments: int = Field(1000, ge=1, description="the assessments of one payload at most, a whole number")
    max_waiting: int = Field(
        1_000_000, ge=1, description="the submissions of all agencies that may wait at most, a whole number"
    )
    max_waiting_per_agency: int = Field(
        100_000, ge=1, description="the submissions of one agency that may wait at most, a whole number"
    )
    look_again_minutes: float = Field(
        15, gt=0, description="the minutes after which held submissions are judged again, a number"
    )
    go_live_per_minute: int = Field(
        60, ge=1, description="how many an agency's go-live may release in a minute at most, a whole number"
    )
    token_audience: str | None = Field(
        None, min_length=1, description="whom clients' assertions must be meant for, as text"
    )
    free_space_floor_mb: int = Field(
        256, ge=0, description="the megabytes that stay free where the service writes, a whole number; 0 for no floor"
    )
    grace_seconds: int = Field(
        20, ge=1, description="the seconds that work under way is given at an end, a whole number"
    )
    max_connections: int = Field(1000, ge=1, description="the connections at once at most, a whole number")
    metrics_token: SecretStr | None = Field(
        None, min_length=16, description="what reads /metrics, as text of 16 characters or more"
    )
    traces_url: str | None = Field(
        None, pattern=r"^https?://", description="where OpenTelemetry traces are sent, http or https"
    )
    webhook_networks: tuple[str, ...] = Field(
        (), description="a list of networks of your own that webhooks may reach, such as 10.1.0.0/16"
    )
    webhook_patience_days: int = Field(
        5, ge=1, description="the days of failures after which a webhook is switched off, a whole number"
    )
    snapshot_key: SecretStr | None = Field(None, description="what reads a roster snapshot, as text")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="one of debug, info, warning, error"
    )

    @property
    def database(self) -> str:
        """The database's address, with its password: an SQLite file in the data folder unless told otherwise."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"{_SQLITE}{self.data_dir / 'ecas.sqlite3'}"

    @property
    def database_file(self) -> Path | None:
        """The database's file; None where it is a server's."""
        return Path(self.database.removeprefix(_SQLITE)) if self.database.startswith(_SQLITE) else None

    @property
    def audience(self) -> str:
        """Whom clients' assertions must be meant for: our token endpoint, as the settings and nobody else name it."""
        return self.token_audience or f"{self.url.rstrip('/')}/oauth2/token"

    @property
    def master_key_file(self) -> Path:
        """The master key's file: in the data folder unless told otherwise."""
        return self.key_file or self.data_dir / "master.key"

    @property
    def audit_folder(self) -> Path:
        """Where signed checkpoints are written, to be shipped off the host: in the data folder unless told otherwise."""
        return self.audit_dir or self.data_dir / "audit"

    @property
    def audit_key(self) -> Path:
        """The file of the key that signs them: in the data folder unless told otherwise."""
        return self.audit_key_file or self.data_dir / "audit.key"


def find(start: Path) -> Path | None:
    """Return the ``ecas.toml`` nearest to this file or folder, looking upward."""
    start = start.absolute()
    folders = [start, *start.parents] if start.is_dir() else start.parents
    return next((file for folder in folders if (file := folder / FILE_NAME).is_file()), None)


def load(start: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that hold for this file or folder (the working folder unless told otherwise).

    Environment variables that begin with ``ECAS_`` but name no setting are left alone: the environment is not ours.

    Raises:
        ConfigurationError: a key of the file is no setting, or a value is not of its kind; never quotes a value.
    """
    variables = os.environ if environment is None else environment
    file = find(start or Path.cwd())
    base = file.parent if file else Path.cwd()
    given = {"data_dir": "var"} | (_read(file) if file else {})
    given = {name: _anchored(name, value, base) for name, value in given.items()}
    given |= _overlay(variables)
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        message = _explain(error, file, variables)
    raise ConfigurationError(message)  # outside the handler: the cause would hold what was given


def _read(file: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: this file is not UTF-8.") from None
    except tomllib.TOMLDecodeError:
        raise ConfigurationError(f"{file}: this file is not TOML.") from None
    for key in content:
        if key not in Settings.model_fields:
            raise ConfigurationError(
                f"{file}: “{key}” is not a setting. The settings are {', '.join(Settings.model_fields)}."
            )
    return content


def _overlay(environment: Mapping[str, str]) -> dict[str, Any]:
    """Take the settings among the environment's variables; an empty one counts as not set."""
    given: dict[str, Any] = {}
    for name in Settings.model_fields:
        if value := environment.get(f"{PREFIX}{name.upper()}"):
            given[name] = _anchored(name, _listed(name, value), Path.cwd())
    return given


def _listed(name: str, value: str) -> str | list[str]:
    """Take a variable apart where its setting is a list."""
    if name in _WORDS:
        return [word.strip() for word in value.split(",")]
    return value.split(os.pathsep) if name in _LISTS else value


def _anchored(name: str, value: Any, base: Path) -> Any:  # noqa: ANN401 - not checked yet: that is what comes next
    """Make the paths of a setting absolute, so that they mean the same wherever the command is started."""
    if name in _LISTS:
        folders = [value] if isinstance(value, str) else value
        return (
            [base / folder if isinstance(folder, str) else folder for folder in folders]
            if isinstance(folders, list)
            else folders
        )
    if not isinstance(value, str):
        return value
    if name == "spec" and (base / value / PACKAGE_FILE).is_file():
        return str(base / value)
    if name in _PATHS:
        return base / value
    if name == "database_url" and value.startswith(_SQLITE) and (rest := value.removeprefix(_SQLITE)) != ":memory:":
        return f"{_SQLITE}{base / rest}"
    return value


def _explain(error: ValidationError, file: Path | None, environment: Mapping[str, str]) -> str:
    """Say in one sentence which setting is wrong, where it was given, and what it should be."""
    name = str(error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"][0])
    variable = f"{PREFIX}{name.upper()}"
    place = f"The environment variable {variable}" if environment.get(variable) else f"{file}: “{name}”"
    return f"{place} must be {Settings.model_fields[name].description}."
