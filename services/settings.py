"""What an operator can choose, in one frozen class, read from the environment once.

It is separate because everything may read it and it may read nothing: not a file,
not the network, not the rest of Axisor. The table in docs/settings.md is rendered
from this class, so that a setting cannot exist without its documentation.
"""

import os
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, JsonValue, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.domain.errors import Rejected

PREFIX = "AXISOR_"

TEST_VARIABLES = {
    "AXISOR_CHROMIUM": "Path of the Chromium that the browser tests drive; `./axisor test` sets it.",
    "AXISOR_TEST_DATA": "Directory with the candle files that tests marked `realdata` read.",
}
"""Variables of the test run; no part of the product reads them."""


def _default_data_dir() -> Path:
    """Root keeps the system's state directory, anybody else their own share directory."""
    if os.geteuid() == 0:
        return Path("/var/lib/axisor")
    share = os.environ.get("XDG_DATA_HOME", "")
    return Path(share if share.startswith("/") else "~/.local/share").expanduser() / "axisor"


def _setting(
    default: object, meaning: str, allowed: str, *, shown: str | None = None, alias: str | None = None
) -> Any:
    """A field with the two texts that its documentation and its error message need.

    Args:
        default: the value when the variable is absent.
        meaning: what the setting does, for the table.
        allowed: completes "... must be ..." in the error message.
        shown: how the default reads in the table, when it depends on the machine.
        alias: the variable's whole name, where it does not start with AXISOR_.
    """
    extra: dict[str, JsonValue] = {"allowed": allowed, "shown": shown}
    return Field(default=default, description=meaning, validation_alias=alias, json_schema_extra=extra)


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
    """Every choice of the operator, checked.

    Values come from keyword arguments first (the command line), then from the
    environment, then from the defaults. Secrets are `SecretStr`, so that neither a
    repr nor a traceback shows them.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    host: str = _setting(
        "127.0.0.1",
        "Address to listen on. `0.0.0.0` listens on every network: then set `AXISOR_PUBLIC_URL` too, because"
        " browsers may only connect from the addresses that Axisor knows to be its own.",
        "a host name or an IP address, such as 127.0.0.1",
    )
    port: int = _setting(
        3000, "The one port of the app, the API and the sockets.", "a whole number from 1 to 65535"
    )
    public_url: str | None = _setting(
        None,
        "Address under which browsers reach Axisor, when that is not the host and port above: behind a proxy,"
        " or listening on `0.0.0.0`. With `https`, session cookies are marked secure.",
        "an address such as https://axisor.example.org, without a path",
    )
    data_dir: Path = _setting(
        None,
        "Where the embedded database, keys and logs live.",
        "a directory",
        shown="`/var/lib/axisor` for root, else `~/.local/share/axisor`",
    )
    feed: str = _setting(
        "auto",
        "Where prices of paper accounts come from: LN Markets (`live`), a seeded stochastic market"
        " (`simulated`), a candle file (`replay:FILE`), or `auto`: live when it can be reached at the start,"
        " else simulated.",
        "auto, live, simulated or replay:FILE",
    )
    feed_speed: Decimal = _setting(
        Decimal(60),
        "How many times faster than real time a `replay:FILE` feed runs.",
        "a number above 0 and at most 100000",
    )
    simulation_seed: int = _setting(
        1,
        "Seed of the simulated market: the same seed gives the same prices.",
        "a whole number from 0 to 4294967295",
    )
    lnmarkets_url: str = _setting(
        "https://api.lnmarkets.com/v3",
        "Base address of LN Markets' API.",
        "an address such as https://api.lnmarkets.com/v3",
    )
    database_url: SecretStr | None = _setting(
        None,
        "PostgreSQL 15 or later. Without it, an embedded PostgreSQL runs in the data directory.",
        "an address such as postgresql://user:password@host:5432/database",
        alias="DATABASE_URL",
    )
    redis_url: SecretStr | None = _setting(
        None,
        "Redis 6.2 or later, for several processes. One process needs none.",
        "an address such as redis://host:6379/0",
        alias="REDIS_URL",
    )
    pg_user: str = _setting(
        "axisor-pg",
        "When Axisor runs as root: the system user that runs the embedded PostgreSQL, made if absent, because"
        " PostgreSQL refuses root.",
        "the name of a system user other than root: small letters, digits, - and _, at most 31 characters",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = _setting(
        "info",
        "Least severe log line that is written.",
        "debug, info, warning or error",
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = _setting(
        "console", "Log lines for people or for programs.", "console or json"
    )
    stop_timeout_s: int = _setting(
        10,
        "Seconds that requests in flight get to finish when Axisor is asked to stop.",
        "a whole number of seconds from 1 to 600",
    )

    @property
    def cookies_secure(self) -> bool:
        """Whether cookies may be marked Secure: only when browsers come by https."""
        return self.public_url is not None and self.public_url.startswith("https://")

    @property
    def url(self) -> str:
        """The address to tell a person, without a slash at the end."""
        return self.public_url or f"http://{_authority(reachable_host(self.host), self.port)}"

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins that browsers may connect from: what this server is called, and nothing else."""
        names = dict.fromkeys(["localhost", "127.0.0.1", reachable_host(self.host)])
        local = [f"http://{_authority(name, self.port)}" for name in names]
        return (*([self.public_url] if self.public_url else []), *local)

    @field_validator("host")
    @classmethod
    def _host(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.\-]*|[0-9a-fA-F:.%]*:[0-9a-zA-Z:.%]*", value):
            raise ValueError
        return value

    @field_validator("port", "simulation_seed", "stop_timeout_s", "feed_speed")
    @classmethod
    def _range(cls, value: Decimal, info: Any) -> Decimal:
        low, high = _RANGES[info.field_name]
        if not Decimal(value).is_finite() or not low <= value <= high:
            raise ValueError
        return value

    @field_validator("public_url", "lnmarkets_url")
    @classmethod
    def _address(cls, value: str | None, info: Any) -> str | None:
        if value is None:
            return None
        value = value.rstrip("/")
        parts = urlsplit(value)
        plain = parts.hostname and not (parts.username or parts.query or parts.fragment) and parts.port != 0
        if parts.scheme not in ("http", "https") or not plain:
            raise ValueError
        if info.field_name == "public_url":
            if parts.path:
                raise ValueError
            return value.lower()
        return value

    @field_validator("data_dir", mode="before")
    @classmethod
    def _directory(cls, value: object) -> Path:
        if value is None:
            return _default_data_dir()
        text = os.fspath(value) if isinstance(value, (str, Path)) else ""
        if not text or "\0" in text:
            raise ValueError
        return Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 - resolve() would follow symlinks

    @field_validator("feed")
    @classmethod
    def _feed(cls, value: str) -> str:
        kind, colon, file = value.partition(":")
        if kind == "replay" and file:
            return f"replay:{os.path.abspath(Path(file).expanduser())}"  # noqa: PTH100 - as above
        if colon or kind not in ("auto", "live", "simulated"):
            raise ValueError
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        scheme, separator, rest = value.get_secret_value().partition("://")
        if not separator or not rest or scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
            raise ValueError
        url = f"postgresql+psycopg://{rest}"
        _ = urlsplit(url).port
        return SecretStr(url)

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.match(r"(redis|rediss|unix)://.", value.get_secret_value()):
            raise ValueError
        return value

    @field_validator("pg_user")
    @classmethod
    def _system_user(cls, value: str) -> str:
        if value == "root" or not re.fullmatch(r"[a-z_][a-z0-9_-]{0,30}", value):
            raise ValueError
        return value


_RANGES: dict[str, tuple[Decimal, int]] = {
    "port": (Decimal(1), 65_535),
    "simulation_seed": (Decimal(0), 2**32 - 1),
    "stop_timeout_s": (Decimal(1), 600),
    "feed_speed": (Decimal("0.000001"), 100_000),
}


def reachable_host(host: str) -> str:
    """The host to connect to when a server listens on `host`: "every address" is not one."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared, not bound


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def load_settings(**overrides: object) -> Settings:
    """The settings of this process.

    Args:
        overrides: values of the command line by field name; None means "not given".

    Raises:
        Rejected: a value is not allowed; the sentence names the variable, or the option
            that was given instead, and what is allowed. It never shows a secret.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        location = str(
            error.errors(include_url=False, include_input=False, include_context=False)[0]["loc"][0]
        )
        name = next(
            name
            for name, field in Settings.model_fields.items()
            if location in (name, field.validation_alias)
        )
        raise Rejected(_sentence(name, given), code="bad_setting") from None


def _sentence(name: str, given: Mapping[str, object]) -> str:
    field = Settings.model_fields[name]
    variable = variable_of(name)
    environ = {key.upper(): value for key, value in os.environ.items()}
    raw = given.get(name, environ.get(variable))
    source = f"--{name.replace('_', '-')}" if name in given else variable
    shown = "has a value that cannot be used" if _is_secret(field) else f'is "{raw}"'
    return f"{source} {shown}; it must be {_text(field, 'allowed')}."


def variable_of(name: str) -> str:
    """The environment variable of a field."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{name.upper()}"


def _is_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation)


def _text(field: FieldInfo, key: str) -> str:
    extra = field.json_schema_extra
    value = extra.get(key) if isinstance(extra, dict) else None
    return value if isinstance(value, str) else ""


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """One sentence for each AXISOR_ variable that nothing reads, with the likeliest meant one."""
    known = {variable_of(name) for name in Settings.model_fields} | TEST_VARIABLES.keys()
    return [
        _unknown(name, known)
        for name in sorted(environ)
        if name.startswith(PREFIX) and name.upper() not in known
    ]


def _unknown(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name.upper(), known, n=1, cutoff=0.7)
    hint = f"did you mean {close[0]}?" if close else "see docs/settings.md."
    return f"{name} is set but means nothing to Axisor; {hint}"


def settings_table() -> str:
    """The settings as a Markdown table, for docs/settings.md."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    tests = [f"| `{name}` | unset | {meaning} | a path |" for name, meaning in TEST_VARIABLES.items()]
    head = ["| Variable | Default | Meaning | Allowed |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, *tests]) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    default = _text(field, "shown") or ("unset" if field.default is None else f"`{field.default}`")
    return f"| `{variable_of(name)}` | {default} | {field.description} | {_text(field, 'allowed')} |"
