"""Moments as integer epoch milliseconds, UTC, and the working rhythm of the invented company."""

from datetime import datetime, timedelta, timezone

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def at(text):
    """Returns the epoch milliseconds of an RFC 3339 text such as `2026-07-01T00:00:00Z`."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - EPOCH) // timedelta(milliseconds=1)


def rfc3339(ms):
    """Returns `ms` as RFC 3339 UTC with three decimals."""
    moment = EPOCH + timedelta(milliseconds=ms)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def month(ms):
    """Returns the calendar month of `ms`, such as `2026-07`."""
    return rfc3339(ms)[:7]


def days(start, end):
    """Yields the first millisecond of each day in `[start, end)`."""
    yield from range(start, end, DAY)


def is_weekend(day):
    """Tells whether the day that holds `day` is a Saturday or a Sunday."""
    return (EPOCH + timedelta(milliseconds=day)).weekday() >= 5


# Share of people's requests per hour of the day, UTC: a European team with a lunch dip.
OFFICE = {7: 4, 8: 10, 9: 14, 10: 14, 11: 11, 12: 6, 13: 11, 14: 13, 15: 10, 16: 5, 17: 2}


def office_time(rng, day):
    """Returns a moment of `day` in office hours."""
    hour = rng.choices(list(OFFICE), weights=list(OFFICE.values()))[0]
    return day + hour * HOUR + rng.randrange(HOUR)


def any_time(rng, day):
    """Returns a moment of `day` at any hour, away from midnight."""
    return day + rng.randrange(20 * MINUTE, DAY - 40 * MINUTE)
