"""The measures worked out with pandas from raw rows: who came when, and not what any service made of it.

Each answer is {name: (met, missed, open)} or {name: (mean, cases, left out)}; cases by their own numbers.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from tests.oracles.dropout import FIRST_VISIT_DAYS, business_days_later

DAY = pd.Timedelta(days=1)
ACUTE = ("hospital", "detox", "crisis-unit")
STAYS = {
    "FUH": (("hospital",), "mental-health", ("under-6",)),
    "FUI": (("hospital", "detox", "residential"), "substance-use", ("under-6", "6-12")),
    "FUM": (("ed",), "mental-health", ("under-6",)),
    "FUA": (("ed",), "substance-use", ("under-6", "6-12")),
}
"""HEDIS, operational: kinds of stay, problem, and who is too young. FUH and FUM from six years, FUI and FUA from thirteen."""
Rates = dict[str, tuple[list[str], list[str], list[str]]]
Means = dict[str, tuple[float | None, list[str], list[str]]]


def read(rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))


def _ends(cases: pd.Index, met: pd.Series, open: pd.Series) -> tuple[list[str], list[str], list[str]]:
    return sorted(cases[met]), sorted(cases[~met & ~open]), sorted(cases[~met & open])


# — after a stay


def after_stays(told: pd.DataFrame, as_of: pd.Timestamp) -> Rates:
    """FUH, FUI, FUM, FUA: a visit within 7 and 30 days of the discharge, wherever it was. The day of discharge counts after the ED only.
    Of acute stays within thirty days only the last discharge counts."""
    known = told[told["told_at"] <= as_of]
    visits = known[known["what"] == "visit"][["person", "at"]].rename(columns={"at": "seen_at"})
    stays = known[known["what"] == "left"].drop_duplicates("case", keep="last").set_index("case")
    stays = stays[~stays.index.isin(known.loc[known["what"] == "cancelled", "case"])]
    stays = stays[~stays.index.isin(_readmitted(known, stays))]
    seen = stays.reset_index().merge(visits, on="person")
    seen = seen[(seen["seen_at"] >= seen["at"]) & ((seen["kind"] == "ed") | (seen["seen_at"].dt.date > seen["at"].dt.date))]
    stays["seen_at"] = seen.groupby("case")["seen_at"].min()
    took = (stays["seen_at"].dt.normalize() - stays["at"].dt.normalize()) / DAY
    gone = (as_of.normalize() - stays["at"].dt.normalize()) / DAY
    found: Rates = {}
    for name, (kinds, problem, young) in STAYS.items():
        mine = stays["kind"].isin(kinds) & (stays["problem"] == problem) & ~stays["group"].isin(young)
        for days in (7, 30):
            met, open = took <= days, stays["seen_at"].isna() & (gone <= days)
            found[f"{name}-{days}"] = _ends(stays.index[mine], met[mine], open[mine])
    return found


def _readmitted(known: pd.DataFrame, stays: pd.DataFrame) -> set[str]:
    """Stays after which the person was in an acute one again within thirty days. Of a stay whose admission nobody told the discharge is
    all that is known of its beginning."""
    cancelled = known.loc[known["what"] == "cancelled", "case"]
    begun = known[known["what"].isin(("admitted", "left")) & known["kind"].isin(ACUTE) & ~known["case"].isin(cancelled)]
    begun = begun.groupby(["person", "case"], as_index=False)["at"].min().rename(columns={"case": "again", "at": "again_at"})
    pairs = stays.reset_index().merge(begun, on="person")
    soon = (pairs["again_at"] >= pairs["at"]) & (pairs["again_at"] <= pairs["at"] + 30 * DAY)
    return set(pairs.loc[soon & (pairs["case"] != pairs["again"]), "case"])


# — into care


def into_care(told: pd.DataFrame, as_of: pd.Timestamp) -> Means:
    """I-SERV: mean business days from the first contact to the initial evaluation, and to the initial service. New is who was not served
    in six months, and twelve or older; contacts of the last thirty days are left out, and whoever was never evaluated is named. Minors and
    adults also apart."""
    known = told[told["told_at"] <= as_of]
    cases = known[known["what"] == "taken"].set_index("case")[["person", "at", "group"]]
    cases = cases[cases["group"] != "under-12"]
    touched = known[known["what"].isin(("visit", "contact"))].groupby("case")["at"].min()
    cases["first"] = pd.concat([cases["at"], touched.reindex(cases.index)], axis=1).min(axis=1)
    cases = cases[~cases.index.isin(_served(known, cases)) & (cases["first"] <= as_of - 30 * DAY)]
    visits = known[known["what"] == "visit"].groupby(["case", "kind"])["at"].min().unstack()
    begun = cases.join(visits.reindex(columns=["evaluation", "service"]))
    found: Means = {}
    for kind, ages in ((kind, ages) for kind in ("evaluation", "service") for ages in ("", "12-17", "18-and-over")):
        of_age = begun[begun["group"] == ages] if ages else begun
        never = sorted(of_age.index[of_age["evaluation"].isna()])
        reached = of_age[of_age["evaluation"].notna() & of_age[kind].notna()]
        begin, end = ((reached[name].dt.tz_localize(None).to_numpy(dtype="datetime64[D]") + 1) for name in ("first", kind))
        days = np.busday_count(begin, end)
        found[f"I-SERV {kind} {ages}".strip()] = (float(days.mean()) if len(days) else None, sorted(reached.index), never)
    return found


def _served(known: pd.DataFrame, cases: pd.DataFrame) -> set[str]:
    """Whose person had a visit in the six months before."""
    visits = known[known["what"] == "visit"][["person", "at"]].rename(columns={"at": "served_at"})
    pairs = cases.reset_index().merge(visits, on="person")
    before = (pairs["served_at"] < pairs["first"]) & (pairs["served_at"] >= pairs["first"] - pd.DateOffset(months=6))
    return set(pairs.loc[before, "case"])


# — lost and found


def closed_loop(told: pd.DataFrame, as_of: pd.Timestamp) -> Rates:
    """Of which the program said what came of it: verified by a visit that was told before, or merely asserted."""
    known = told[told["told_at"] <= as_of]
    cases = known[known["what"] == "taken"].set_index("case").index
    said = known[known["what"] == "outcome"].set_index("case")["told_at"].reindex(cases)
    visited = known[known["what"] == "visit"].groupby("case")["told_at"].min().reindex(cases)
    over = pd.Series(cases.isin(known.loc[known["what"] == "given-up", "case"]), cases)
    verified, asserted = said.notna() & (visited <= said), said.notna() & ~(visited <= said)
    open = said.isna() & ~over
    return {"closed-loop verified": _ends(cases, verified, open), "closed-loop asserted": _ends(cases, asserted, open)}


def returned(told: pd.DataFrame, as_of: pd.Timestamp, cadence_days: dict[bool, int]) -> Rates:
    """Within fifteen days of the first outreach. An attempt is outreach when the person had drifted so far that somebody had to try: a
    week after a visit without a next one where a program books, two cadences after the last contact (1.6 in the first two visits), and
    from the date of a first visit that never was."""
    met, missed, open = [], [], []
    for case, first, back in _rounds(told[told["told_at"] <= as_of], cadence_days):
        if back is not None:
            (met if back - first <= 15 * DAY else missed).append(case)
        else:
            (open if as_of - first <= 15 * DAY else missed).append(case)
    return {"returned-within-15-days": (sorted(met), sorted(missed), sorted(open))}


def _rounds(known: pd.DataFrame, cadence_days: dict[bool, int]) -> Iterator[tuple[str, pd.Timestamp, pd.Timestamp | None]]:
    for case, mine in known.sort_values("at").groupby("case"):
        if "taken" not in set(mine["what"]):
            continue
        taken, seen, first = mine[mine["what"] == "taken"].iloc[0], list[tuple[str, pd.Timestamp]](), None
        visit_by = business_days_later(pd.Series([taken["at"]]), FIRST_VISIT_DAYS).iloc[0]
        for row in mine[mine["what"].isin(("visit", "contact", "attempt"))].itertuples():
            if row.what == "attempt":
                first = first or (row.at if row.at >= _drifted_at(taken["books"], seen, cadence_days, visit_by) else None)
                continue
            if first is not None:
                yield str(case), first, row.at
            first, seen = None, [*seen, (row.what, row.at)]
        if first is not None:
            yield str(case), first, None


def _drifted_at(books: bool, seen: list[tuple[str, pd.Timestamp]], cadence_days: dict[bool, int], visit_by: pd.Timestamp) -> pd.Timestamp:
    """From when somebody has to try, if nothing else happens."""
    visits = [at for what, at in seen if what == "visit"]
    found = [seen[-1][1] + (1.6 if len(visits) < 2 else 2.0) * cadence_days[bool(books)] * DAY] if seen else []
    found += [] if visits else [visit_by]
    return min(found + ([visits[-1] + 7 * DAY] if books and visits else []))


# — payers


def turnaround(told: pd.DataFrame, as_of: pd.Timestamp) -> tuple[Rates, Means]:
    """Each line by its first decision: pended is none. 72 hours expedited, 7 days standard (CMS-0057-F) and at most 14 more with notice.
    A line that was taken back before it was decided is neither in time nor late."""
    known = told[told["at"] <= as_of]
    lines = known[known["what"] == "submitted"].merge(pd.DataFrame({"of": [1, 2]}), how="cross").set_index(["case", "of"])
    answers = known[(known["what"] == "answered") & (known["code"] != "A4")]
    lines["decided_at"] = answers.groupby(["case", "line"])["at"].min().rename_axis(["case", "of"])
    longer = known[known["what"].str.startswith("extended")]
    days = longer["what"].str.extract(r"(\d+)")[0].astype(float).clip(upper=14)
    extended = longer.assign(days=days).groupby(["case", "line"])["days"].max().rename_axis(["case", "of"]).reindex(lines.index).fillna(0)
    limit = np.where(lines["expedited"], 72, 7 * 24) * pd.Timedelta(hours=1)
    lines["due"] = lines["at"] + limit + pd.to_timedelta(extended, unit="D")
    given_up = known[known["what"] == "given-up"].groupby("case")["at"].min().reindex(lines.index.get_level_values("case")).to_numpy()
    lines = lines[~((given_up < lines["decided_at"]) | (lines["decided_at"].isna() & ~pd.isna(given_up)))]
    lines.index = pd.Index([f"{case} line {line}" for case, line in lines.index])
    rates, means = Rates(), Means()
    for name, mine in (("expedited", lines[lines["expedited"]]), ("standard", lines[~lines["expedited"]])):
        met, open = mine["decided_at"] <= mine["due"], mine["decided_at"].isna() & (mine["due"] > as_of)
        rates[f"prior-authorization-in-time {name}"] = _ends(mine.index, met, open)
        means[f"prior-authorization-turnaround {name}"] = _mean(mine["at"], mine["decided_at"], "h")
    return rates, means


def _mean(begin: pd.Series, end: pd.Series, unit: str) -> tuple[float | None, list[str], list[str]]:
    lengths = ((end - begin) / pd.Timedelta(1, unit)).dropna()
    return float(lengths.mean()) if len(lengths) else None, sorted(lengths.index), sorted(begin.index.difference(lengths.index))


# — crisis


def response(told: pd.DataFrame, as_of: pd.Timestamp) -> tuple[Rates, Means]:
    """From the referral to a team until it is on scene: 60 minutes urban, 120 rural (Okla. 450:17-5-184); dispatch apart; and hours from
    the contact to a face, the third I-SERV."""
    known = told[told["at"] <= as_of]
    times = known.groupby(["case", "what"])["at"].min().unstack().reindex(columns=["contact", "referred", "dispatched", "on-scene"])
    urban = known[known["what"] == "contact"].set_index("case")["code"].reindex(times.index) == "urban"
    times["due"] = times["referred"] + np.where(urban, 60, 120) * pd.Timedelta(minutes=1)
    times = times[times["referred"].notna()]
    met, open = times["on-scene"] <= times["due"], times["on-scene"].isna() & (times["due"] > as_of)
    return {"mobile-crisis-on-scene-in-time": _ends(times.index, met, open)}, {
        "mobile-crisis-dispatch-delay": _mean(times["referred"], times["dispatched"], "min"),
        "mobile-crisis-response": _mean(times["referred"], times["on-scene"], "min"),
        "I-SERV crisis": _mean(times["contact"], times["on-scene"], "h"),
    }
