"""Who is quietly dropping out, worked out with pandas from the signal table of the domain ("Plan and engagement").

At any instant, from what was told by then. A row of the table is a column here; a person is flagged by the highest row that holds.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

LEVELS = ("ok", "watch", "stale", "lapsing", "review")
DAY = pd.Timedelta(days=1)
OPENS, CLOSES = pd.Timedelta(hours=8), pd.Timedelta(hours=17)
"""Of a network that said nothing else, Monday to Friday."""
FIRST_VISIT_DAYS, ATTENDANCE_DAYS = 10, 1
"""Business days: from a routine request to the first visit (CCBHC 2.b.1); from a visit until it must be known whether it was kept."""


def business_days_later(instants: pd.Series, days: int) -> pd.Series:
    """The same time of so many business days later; a request outside the hours counts from the next opening."""
    day, time = instants.dt.normalize().dt.tz_localize(None), instants - instants.dt.normalize()
    works = np.is_busday(day.to_numpy(dtype="datetime64[D]"))
    tomorrow = ~works | (time >= CLOSES).to_numpy()
    start = np.busday_offset(day.to_numpy(dtype="datetime64[D]") + (tomorrow & works), 0, roll="forward")
    at = np.where(tomorrow, OPENS.to_timedelta64(), np.maximum(time.to_numpy(), OPENS.to_timedelta64()))
    due = pd.to_datetime(np.busday_offset(start, days, roll="forward")) + pd.to_timedelta(at)
    return pd.Series(due.tz_localize("UTC"), instants.index)


def read(entries: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pd.DataFrame:
    """The raw events, in the order in which they were told."""
    return pd.DataFrame(entries, columns=list(columns))


def flagged(told: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Each enrolment that is open: `level`, and of each row of the table the level it asks for, as far as is known at `now`."""
    known = told[told["told_at"] <= now]
    plans = _plans(known)
    visits = _visits(known)
    found = pd.DataFrame(index=plans.index)
    found["no-show"] = _no_shows(known, plans)
    found["no-contact"] = _ratio(plans, visits, now)
    found["no-next-visit"] = _unbooked(known, plans, visits, now)
    found["no-first-visit"] = _not_begun(plans, visits, now)
    found["treatment-gap"] = _gap(known, plans, now)
    found["nothing-recorded"] = _stale(known, plans, visits, now)
    ranks = found.apply(lambda column: column.map(LEVELS.index))
    found["level"] = ranks.max(axis=1).map(dict(enumerate(LEVELS)))
    return found


def _of(known: pd.DataFrame, *what: str) -> pd.DataFrame:
    return known[known["what"].isin(what)]


def _plans(known: pd.DataFrame) -> pd.DataFrame:
    """Open enrolments, with the visits attended and the last contact: here a contact is a visit that was attended."""
    begun = _of(known, "enrolled").set_index("enrolment")[["at", "cadence_days", "books"]].rename(columns={"at": "opened_at"})
    begun = begun[~begun.index.isin(_of(known, "discharged")["enrolment"])]
    attended = _of(known, "attended").groupby("enrolment")["at"].agg(visits="count", contact_at="max")
    plans = begun.join(attended)
    plans["visits"] = plans["visits"].fillna(0)
    plans["cadence"] = pd.to_timedelta(plans["cadence_days"], unit="D")
    plans["visit_by"] = business_days_later(plans["opened_at"], FIRST_VISIT_DAYS)
    return plans


def _visits(known: pd.DataFrame) -> pd.DataFrame:
    """Booked, and nothing is known of what came of them."""
    booked = _of(known, "booked", "moved").groupby(["enrolment", "visit"], as_index=False).last()
    settled = _of(known, "attended", "missed", "cancelled")["visit"]
    left = booked[~booked["visit"].isin(settled)].set_index("enrolment")
    return pd.DataFrame({"starts_at": left["until"], "settle_by": business_days_later(left["until"], ATTENDANCE_DAYS)})


def _levels(plans: pd.DataFrame, *rows: tuple[pd.Series, str]) -> pd.Series:
    """The last level whose condition holds, of conditions from low to high."""
    level = pd.Series("ok", plans.index, dtype=object)
    for holds, name in rows:
        level[holds.reindex(plans.index, fill_value=False).astype(bool)] = name
    return level


def _waited_for(plans: pd.DataFrame, visits: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    """A visit within one cadence is booked, and its hour is not so long over that it should be known whether it was kept."""
    near = visits.join(plans["cadence"], how="inner")
    near = near[(near["starts_at"] - near["cadence"] <= now) & (now < near["settle_by"])]
    return pd.Series(plans.index.isin(near.index), plans.index)


def _no_shows(known: pd.DataFrame, plans: pd.DataFrame) -> pd.Series:
    """Missed since the last visit that was attended: one, or two in a row."""
    missed = _of(known, "missed").set_index("enrolment").join(plans["contact_at"], how="inner")
    count = missed[missed["contact_at"].isna() | (missed["at"] > missed["contact_at"])].groupby(level=0).size()
    count = count.reindex(plans.index, fill_value=0)
    return _levels(plans, (count >= 1, "watch"), (count >= 2, "lapsing"))


def _ratio(plans: pd.DataFrame, visits: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    """Days since the last contact over the cadence: 1.5, 2.0, 3.0; × 0.8 in the first two visits, never below 1.2; ninety days are for a
    supervisor where people come monthly or more often. Not while a visit within one cadence is booked."""
    silent = now - plans["contact_at"]
    ratio, factor = silent / plans["cadence"], np.where(plans["visits"] < 2, 0.8, 1.0)
    free = ~_waited_for(plans, visits, now)
    over = [free & (ratio >= np.maximum(threshold * factor, 1.2)) for threshold in (1.5, 2.0, 3.0)]
    ninety = free & (silent >= 90 * DAY) & (plans["cadence_days"] <= 30)
    return _levels(plans, (over[0], "watch"), (over[1], "lapsing"), (over[2] | ninety, "review"))


def _unbooked(known: pd.DataFrame, plans: pd.DataFrame, visits: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    """After a visit without a next one, in programs that book; a week later lapsing. One that was called off or missed is none."""
    gone = _of(known, "missed", "cancelled").groupby("enrolment")["at"].max()
    since = pd.concat([plans["contact_at"], gone.reindex(plans.index)], axis=1).max(axis=1)
    none = plans["books"].astype(bool) & (plans["visits"] > 0) & ~plans.index.isin(visits.index)
    return _levels(plans, (none, "watch"), (none & (now - since >= 7 * DAY), "lapsing"))


def _not_begun(plans: pd.DataFrame, visits: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    """No first visit by its date. A newcomer whose first visit is booked has that date."""
    booked = plans.index.isin(visits[visits["settle_by"] > now].index)
    return _levels(plans, ((plans["visits"] == 0) & (now >= plans["visit_by"]) & ~booked, "lapsing"))


def _gap(known: pd.DataFrame, plans: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    """Prescribed treatment ran out more than a week ago."""
    covered = _of(known, "prescribed").groupby("enrolment")["until"].max()
    return _levels(plans, (now - covered.reindex(plans.index) > 7 * DAY, "lapsing"))


def _stale(known: pd.DataFrame, plans: pd.DataFrame, visits: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    """Nothing was told for two cadences. A booked visit to come is an event of the plan: newcomers who have one are never flagged."""
    last = known.groupby("enrolment")["told_at"].max().reindex(plans.index)
    none = ~plans.index.isin(visits[visits["settle_by"] > now].index)
    return _levels(plans, (none & (now - last >= 2 * plans["cadence"]), "stale"))


def never_flagged(told: pd.DataFrame, now: pd.Timestamp) -> tuple[set[str], set[str]]:
    """Whom no threshold may touch: newcomers whose first visit is booked, and quarterly people who came within their quarter and who
    have a next visit where their program books. Whoever missed a visit, or whose treatment ran out, is neither."""
    known = told[told["told_at"] <= now]
    plans = _plans(known)
    visits = _visits(known)
    touched = (_no_shows(known, plans) != "ok") | (_gap(known, plans, now) != "ok")
    awaits = pd.Series(plans.index.isin(visits[visits["settle_by"] > now].index), plans.index)
    newcomers = plans[~touched & awaits & (plans["visits"] == 0)]
    quarterly = (plans["cadence_days"] == 90) & (now - plans["contact_at"] <= 90 * DAY) & (awaits | ~plans["books"].astype(bool))
    return set(newcomers.index), set(plans[~touched & quarterly].index)
