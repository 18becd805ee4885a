"""Settings: what is accepted, how a refusal reads, and that nothing secret shows."""

import os
from pathlib import Path

import pytest

from axisor_app.commands.docs import PAGE, renewed
from services.domain.errors import Rejected
from services.settings import Settings, load_settings, settings_table, unknown_variables, variable_of


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("AXISOR_PORT", "eighty", "a whole number from 1 to 65535"),
        ("AXISOR_PORT", "0", "a whole number from 1 to 65535"),
        ("AXISOR_PORT", "65536", "a whole number from 1 to 65535"),
        ("AXISOR_HOST", "my host", "a host name or an IP address"),
        ("AXISOR_PUBLIC_URL", "axisor.example.org", "an address such as https://"),
        ("AXISOR_PUBLIC_URL", "https://axisor.example.org/app", "without a path"),
        ("AXISOR_PUBLIC_URL", "https://user:word@axisor.example.org", "an address such as https://"),
        ("AXISOR_FEED", "guessed", "auto, live, simulated or replay:FILE"),
        ("AXISOR_FEED", "replay:", "auto, live, simulated or replay:FILE"),
        ("AXISOR_FEED", "live:x", "auto, live, simulated or replay:FILE"),
        ("AXISOR_FEED_SPEED", "0", "a number above 0"),
        ("AXISOR_FEED_SPEED", "nan", "a number above 0"),
        ("AXISOR_SIMULATION_SEED", "-1", "a whole number from 0"),
        ("AXISOR_LNMARKETS_URL", "ftp://example.org", "an address such as https://"),
        ("AXISOR_PG_USER", "root", "the name of a system user other than root"),
        ("AXISOR_PG_USER", "a b", "the name of a system user other than root"),
        ("AXISOR_LOG_LEVEL", "loud", "debug, info, warning or error"),
        ("AXISOR_LOG_FORMAT", "xml", "console or json"),
        ("AXISOR_STOP_TIMEOUT_S", "0", "a whole number of seconds from 1 to 600"),
    ],
)
def test_a_refusal_names_the_variable_the_value_and_what_is_allowed(
    variable: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Rejected) as refused:
        load_settings()
    assert refused.value.message.startswith(f'{variable} is "{value}"; it must be ')
    assert allowed in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://someone:s3cret@host/axisor"),
        ("DATABASE_URL", "postgresql://someone:s3cret@host:port/axisor"),
        ("REDIS_URL", "http://:s3cret@host"),
    ],
)
def test_a_refused_secret_is_not_shown(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Rejected) as refused:
        load_settings()
    assert refused.value.message.startswith(
        f"{variable} has a value that cannot be used; it must be an address"
    )
    assert "s3cret" not in refused.value.message
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_a_refused_option_is_named_as_it_was_given() -> None:
    with pytest.raises(Rejected, match=r'^--feed is "guessed"; it must be auto, live'):
        load_settings(feed="guessed")


def test_an_option_counts_more_than_its_variable_and_none_means_not_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AXISOR_PORT", "4000")
    assert load_settings(port=5000).port == 5000
    assert load_settings(port=None).port == 4000


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("AXISOR_PORT", "")
    settings = load_settings()
    assert settings.database_url is None
    assert settings.port == 3000


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_postgresql_address_becomes_the_drivers(scheme: str) -> None:
    url = load_settings(database_url=f"{scheme}://u:p@h:5/d?sslmode=require").database_url
    assert url is not None
    assert url.get_secret_value() == "postgresql+psycopg://u:p@h:5/d?sslmode=require"


def test_secrets_are_not_in_the_repr() -> None:
    settings = load_settings(database_url="postgresql://u:s3cret@h/d", redis_url="redis://:s3cret@h")
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings.model_dump())


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1


def test_relative_paths_become_absolute_where_they_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(data_dir="data", feed="replay:candles.csv")
    assert settings.data_dir == tmp_path / "data"
    assert settings.feed == f"replay:{tmp_path}/candles.csv"


def test_the_default_data_directory_is_the_systems_for_root_and_the_users_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert load_settings().data_dir == Path("/var/lib/axisor")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert load_settings().data_dir == tmp_path / ".local/share/axisor"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert load_settings().data_dir == tmp_path / "xdg/axisor"


def test_only_the_servers_own_addresses_are_origins() -> None:
    assert load_settings(port=81).origins == ("http://localhost:81", "http://127.0.0.1:81")
    assert load_settings(host="::1", port=81).origins[-1] == "http://[::1]:81"
    public = load_settings(host="0.0.0.0", port=81, public_url="https://Axisor.example.org/")
    assert public.origins == ("https://axisor.example.org", "http://localhost:81", "http://127.0.0.1:81")


def test_cookies_are_secure_exactly_behind_https() -> None:
    assert not load_settings().cookies_secure
    assert not load_settings(public_url="http://axisor.lan").cookies_secure
    assert load_settings(public_url="https://axisor.lan").cookies_secure


def test_an_unknown_variable_is_told_the_closest_known_one() -> None:
    found = unknown_variables({"AXISOR_PROT": "1", "AXISOR_PORT": "1", "AXISOR_QQQQQQ": "1", "PATH": "/bin"})
    assert found == [
        "AXISOR_PROT is set but means nothing to Axisor; did you mean AXISOR_PORT?",
        "AXISOR_QQQQQQ is set but means nothing to Axisor; see docs/settings.md.",
    ]


def test_every_setting_is_documented_with_its_meaning_and_what_is_allowed() -> None:
    rows = settings_table().splitlines()
    for name in Settings.model_fields:
        (row,) = (row for row in rows if f"`{variable_of(name)}` |" in row)
        assert all(cell.strip() for cell in row.strip("|").split("|"))


def test_the_settings_page_is_up_to_date() -> None:
    page = PAGE.read_text()
    assert renewed(page) == page, "run ./axisor docs"
