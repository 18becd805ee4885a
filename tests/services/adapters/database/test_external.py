"""The operator's own database: let in, turned away, too old; and never a password shown."""

import pytest

from services.adapters.database import external
from services.adapters.database.embedded import EmbeddedPostgres
from services.domain.errors import Rejected
from tests.support.processes import free_port


def test_a_database_that_answers_tells_its_version(postgres: EmbeddedPostgres) -> None:
    assert external.check(postgres.url) == 18


def test_an_older_database_is_refused(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "OLDEST", 99)
    with pytest.raises(Rejected, match="is PostgreSQL 18; Axisor needs 99 or later"):
        external.check(postgres.url)


def test_nobody_at_the_address_is_one_sentence_without_the_password() -> None:
    with pytest.raises(Rejected) as refused:
        external.check(f"postgresql+psycopg://someone:s%40cret@127.0.0.1:{free_port()}/axisor")
    assert "does not let Axisor in" in refused.value.message
    assert "Connection refused" in refused.value.message
    assert "\n" not in refused.value.message
    assert "s%40cret" not in refused.value.message
    assert "s@cret" not in refused.value.message


def test_a_wrong_password_is_not_repeated(postgres: EmbeddedPostgres) -> None:
    password = postgres.url.split(":")[2].split("@")[0]
    with pytest.raises(Rejected, match="password authentication failed") as refused:
        external.check(postgres.url.replace(password, "mistaken"))
    assert "mistaken" not in refused.value.message
