"""Settlement instants and days, in UTC."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.market import FUNDING_HOURS, day_of, next_funding

START = datetime(2018, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

moments = st.builds(
    lambda days, microseconds: START + days * DAY + timedelta(microseconds=microseconds),
    st.integers(0, 30_000),
    st.sampled_from([0, 1, 28_800_000_000]) | st.integers(0, 86_400_000_000),
)


@pytest.mark.parametrize(
    ("after", "settles"),
    [
        ("2026-11-20T00:00:00", "2026-11-20T08:00:00"),
        ("2026-11-20T07:59:59.999999", "2026-11-20T08:00:00"),
        ("2026-11-20T08:00:00", "2026-11-20T16:00:00"),
        ("2026-11-20T16:00:00", "2026-11-21T00:00:00"),
        ("2026-12-31T23:59:59", "2027-01-01T00:00:00"),
        ("2028-02-28T20:00:00", "2028-02-29T00:00:00"),
    ],
)
def test_funding_settles_at_midnight_eight_and_sixteen(after: str, settles: str) -> None:
    assert next_funding(moment(after)) == moment(settles)


@given(moments)
def test_the_next_funding_is_later_by_at_most_eight_hours(after: datetime) -> None:
    settles = next_funding(after)
    assert timedelta(0) < settles - after <= timedelta(hours=8)
    assert settles == settles.replace(minute=0, second=0, microsecond=0)
    assert settles.hour in FUNDING_HOURS


@given(moments)
def test_a_day_begins_at_midnight_at_or_before_the_moment(now: datetime) -> None:
    assert day_of(now).timetuple()[3:6] == (0, 0, 0)
    assert day_of(now).microsecond == 0
    assert timedelta(0) <= now - day_of(now) < DAY


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
