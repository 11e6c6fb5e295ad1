"""What crisis routing says of facilities: their counts of beds, which are held, who accepted, who arrived.

A facility's beds are an aggregate of their own, because they are what can refuse a second taker.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from contracts.clocks import Clocked
from contracts.kernel import Change, Code, Model
from contracts.lateness import Calling

BedKind = Literal["crisis-receiving", "ed", "inpatient", "detox"]


class CrisisFacility(Model):
    """A place that takes people in crisis: which beds it has, whom it serves, the desk that answers for it."""

    id: str
    name: str
    desk: str
    beds: tuple[BedKind, ...]
    areas: tuple[Code, ...]


class BedsCounted(Change):
    """A facility says how many beds of a kind stand empty, at `counted_at`; holds of ours stand against it.

    `short` counts holds for which no bed is left by this count: each of them needs a person.
    """

    type: ClassVar = "facility.beds-counted.v1"
    beds: BedKind
    free: int
    counted_at: AwareDatetime
    by: str
    short: int = 0


class BedHeld(Change):
    """One bed is kept for one episode until `until`. `counted_at` says how old the count is that it was taken from."""

    type: ClassVar = "facility.bed-held.v1"
    episode: str
    beds: BedKind
    until: AwareDatetime
    counted_at: AwareDatetime
    rule: str | None = None


class HoldExtended(Change):
    """The facility accepted: the bed stays kept for the way there, until `until`."""

    type: ClassVar = "facility.hold-extended.v1"
    episode: str
    beds: BedKind
    until: AwareDatetime
    rule: str | None = None


class HoldEnded(Change):
    """The bed is free again. A hold may lapse: it is a resource, not a need. `reason`: lapsed, declined, released."""

    type: ClassVar = "facility.hold-ended.v1"
    episode: str
    beds: BedKind
    reason: Code


class BedTaken(Change):
    """The person arrived: the bed is theirs, and counts as taken until the facility counts again."""

    type: ClassVar = "facility.bed-taken.v1"
    episode: str
    beds: BedKind
    arrived_at: AwareDatetime


class FacilitySought(Clocked):
    """These facilities fit, best first; up to three with a free bed are asked next, each with a bed held."""

    type: ClassVar = "episode.facility-sought.v1"
    round: int
    beds: BedKind
    candidates: tuple[str, ...]
    sought_at: AwareDatetime
    passed: tuple[str, ...] = ()


class BedAsked(Model):
    """One facility asked: it has until `answer_before`; `counted_at` says how old the count of its beds is."""

    facility: str
    desk: str
    answer_before: AwareDatetime
    counted_at: AwareDatetime
    asked_at: AwareDatetime | None = None


class FacilitiesAsked(Clocked):
    """Facilities were asked to take the person, each with a bed held. The first yes wins."""

    type: ClassVar = "episode.facilities-asked.v1"
    beds: BedKind
    asked: tuple[BedAsked, ...]
    rule: str
    by: str | None = None
    """Who chose in the system's place."""


class FacilityAccepted(Clocked):
    """A facility takes the person; the others asked are `released`. The desk owns it until arrival is confirmed."""

    type: ClassVar = "episode.facility-accepted.v1"
    facility: str
    beds: BedKind
    by: str
    desk: str
    released: tuple[str, ...]
    accepted_at: AwareDatetime
    arrive_before: AwareDatetime
    rule: str


class FacilityDeclined(Clocked):
    """A facility said no; `reason` is a code of the list."""

    type: ClassVar = "episode.facility-declined.v1"
    facility: str
    by: str
    reason: Code


class FacilityUnanswered(Calling, Clocked):
    """A facility's time ran out and its bed is free again. Its late yes still counts while it has a bed and nobody else accepted."""

    type: ClassVar = "episode.facility-unanswered.v1"
    facility: str
    answer_before: AwareDatetime
    owner: str
    rule: str | None = None


class NoFacilityAvailable(Calling, Clocked):
    """No bed that fits is known to be free. The need stands, the desk acts, and all are looked at again at `again_at`."""

    type: ClassVar = "episode.no-facility-available.v1"
    beds: BedKind
    candidates: tuple[str, ...]
    again_at: AwareDatetime
    sought_since: AwareDatetime


class FacilitiesReleased(Clocked):
    """Beds that were held for it and are not needed are free again."""

    type: ClassVar = "episode.facilities-released.v1"
    facilities: tuple[str, ...]


class BedLost(Calling, Clocked):
    """The person did not arrive while the bed was kept, or somebody let it go. They are still ours to bring somewhere."""

    type: ClassVar = "episode.bed-lost.v1"
    facility: str
    reason: Code
    owner: str
    rule: str | None = None


class PersonArrived(Clocked):
    """Arrival is confirmed: this is the instant at which the desk's duty to bring the person there ends."""

    type: ClassVar = "episode.arrived.v1"
    facility: str
    beds: BedKind
    arrived_at: AwareDatetime
    by: str
    contacted_at: AwareDatetime
    accepted_at: AwareDatetime | None = None
    """None: nobody had accepted, and the person is there all the same."""


EVENTS = (
    BedsCounted, BedHeld, HoldExtended, HoldEnded, BedTaken, FacilitySought, FacilitiesAsked, FacilityAccepted, FacilityDeclined,
    FacilityUnanswered, NoFacilityAvailable, FacilitiesReleased, BedLost, PersonArrived,
)  # fmt: skip
