"""The words every event shares: fact, message, owner, deadline, refusal, and values about a person.

This is all that `infra` knows of `contracts`. Nothing here names a thing of the domain.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar, dataclass_transform, get_args
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import core_schema
from uuid_utils import UUID as FastUUID
from uuid_utils import uuid5

T = TypeVar("T")
Code = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S+$")]
"""A code of a list: never free text, which could name a person."""


@dataclass_transform(frozen_default=True)
def value(kind: type[T]) -> type[T]:
    """A frozen dataclass with slots. mypy refuses to change one; at run time nothing looks, because that makes one four times as dear."""
    return dataclass(slots=True, unsafe_hash=True)(kind)


OUTSIDE = {"personal": "plain"}
"""Validation context of what senders publish: personal values arrive readable and a sealed token is only text."""

IDS = UUID("6a5be0f8-0c1b-5d0e-9d6a-1f2f5a3c7e11")
_IDS = FastUUID(str(IDS))


def derived(*meaning: str) -> str:
    """An id from its meaning: doing it twice is doing it once. It is `uuid5(IDS, "a/b/…")`, by the faster library."""
    return str(uuid5(_IDS, "/".join(meaning)))


class Personal(Generic[T]):
    """A value about a person: readable inside one process, sealed wherever it is stored or sent.

    `plain` is the value, if this process may see it; `sealed` the token that is stored and published; `under` the field and
    record the token belongs to, where that is known, so that a value put elsewhere is sealed anew. Serialising a value that
    was not sealed is an error, and neither `repr` nor a message shows it.
    """

    __slots__ = ("plain", "sealed", "under")

    def __init__(self, plain: T | None = None, *, sealed: str | None = None, under: str = "") -> None:
        self.plain, self.sealed, self.under = plain, sealed, under

    def __repr__(self) -> str:
        return "Personal(sealed)" if self.sealed else "Personal(open)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Personal) and (self.plain, self.sealed) == (other.plain, other.sealed)

    def __hash__(self) -> int:
        return hash((self.plain, self.sealed))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        (inner,) = get_args(source) or (str,)
        plain = core_schema.no_info_after_validator_function(cls, handler.generate_schema(inner))

        def accept(value: Any, validate: Any, info: core_schema.ValidationInfo) -> "Personal[Any]":
            if isinstance(value, Personal):
                return value
            if info.context is OUTSIDE:
                return validate(value)  # type: ignore[no-any-return]
            if isinstance(value, str) and value.startswith(SEALED_PREFIX):
                return cls(sealed=value)
            raise ValueError("a personal value must be sealed")

        return core_schema.with_info_wrap_validator_function(
            accept, plain, serialization=core_schema.plain_serializer_function_ser_schema(_token, return_schema=core_schema.str_schema())
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(schema["schema"]["schema"]), "x-personal": True}


SEALED_PREFIX = "sealed:"


def _token(value: "Personal[Any]") -> str:
    if value.sealed is None:
        raise ValueError("a personal value was about to leave this process unsealed")
    return value.sealed


class Model(BaseModel):
    """A frozen value. Errors never show the offending input. What reads and writes it is built when it is first needed: each service
    knows the contracts of all, and speaks few."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="ignore", hide_input_in_errors=True, ser_json_timedelta="iso8601")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, where `update` names fields: a shallow copy, which every fact needs, in half the time."""
        if deep:
            return super().model_copy(update=update, deep=True)
        changes, put = dict(update or {}), object.__setattr__
        made = object.__new__(type(self))
        put(made, "__dict__", self.__dict__ | changes)
        put(made, "__pydantic_fields_set__", self.__pydantic_fields_set__ | changes.keys())
        put(made, "__pydantic_extra__", self.__pydantic_extra__)
        put(made, "__pydantic_private__", None)
        return made


class State(Model):
    """What an aggregate has become. Fields that a newer version stored are kept, not understood."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="allow", hide_input_in_errors=True)


class Next(Model):
    """Who owes what by when. One accountable owner always; `waiting_on` is somebody else, with this clock.

    `owner` is a role or a person of one organisation (`role/intake-desk`, `staff/7`); `due` is an instant, and None means
    that the item has no clock, which is never "on time"; `rule` names the clock's rule; `allowed` the commands open now.
    """

    owner: str
    action: str
    waiting_on: str | None = None
    due: AwareDatetime | None = None
    rule: str | None = None
    allowed: tuple[str, ...] = ()


class Event(Model):
    """A fact in the domain's words: subject and past participle. `type` is its wire name with the version."""

    type: ClassVar[str] = ""


class Change(Event):
    """A fact that changes an aggregate, with the whole block of who owns what next."""

    next: Next | None = None
    basis: dict[str, int] | None = None
    """Versions of what was only read when this was decided (references are advisory)."""
    claims: dict[str, str] | None = None
    """Blind claims taken with this change, each with its holder: whoever restores this service takes them again."""


class Sealable(Change):
    """A change that carries personal values: `record` names the data key they are sealed under."""

    record: str


class Command(Model):
    """Something a person asks for. `type` is its imperative name."""

    type: ClassVar[str] = ""


class DeadlinePassed(Model):
    """A deadline of an aggregate has come. Decide whether it still matters."""

    type: ClassVar[str] = "deadline.passed"
    name: str
    about: str
    at: AwareDatetime


@value
class Deadline:
    """What must have happened by when: `name` of the clock, `about` which part of the aggregate, `at` the instant."""

    name: str
    about: str
    at: datetime

    @property
    def id(self) -> str:
        return f"{self.name}/{self.about}/{self.at.astimezone(UTC).isoformat()}"


@value
class Errand:
    """Something to be done outside, once in effect, from `at` on.

    Errands of one `lane` may hold each other up, those of different lanes never; the lane's first word names the pool it draws on.
    """

    lane: str
    at: datetime


@value
class Actor:
    """Who acted: CloudEvents `authtype` (system, user, service_account, …) and `authid`, never a name."""

    type: str = "system"
    id: str = ""


LONG_AGO = datetime.min.replace(tzinfo=UTC)
NOBODY = Actor()


@value
class Message:
    """One thing to decide on: an event heard, an entry from outside, a command or a passed deadline.

    `id` is the cause of whatever is decided: facts derive their ids from it. `sequence` is 0 where the source has none.
    """

    id: str
    data: Any
    subject: str = ""
    topic: str = ""
    sequence: int = 0
    at: datetime = LONG_AGO
    actor: Actor = NOBODY
    correlation: str = ""
    traceparent: str = ""
    sensitivity: str = ""
    consent: str = ""
    expects: int | None = None
    """The version a command was made against (ETag); None when its sender did not say."""
    notes: tuple["Reason", ...] = ()
    """What is wrong with an entry that was taken all the same: told to its sender."""
    fingerprint: str = ""
    """Of a command's body: the same idempotency key with another body is a mistake of its sender."""


SHARE_MAX = 50
"""As many as one decision changes well."""


@value
class Share:
    """Part of what somebody has: `SHARE_MAX` aggregates, in the order of their ids, from the one after `after` on."""

    whose: str
    after: str = ""


@value
class Route:
    """What a message may change, whom it must find first, and what it only reads.

    `claims` are blind keys; whoever holds one is loaded and may be changed too. So is the `share` of what somebody has.
    """

    writes: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    share: Share | None = None


Blind = Callable[..., str]
"""Turns what identifies somebody into a key that nobody can read back: `blind("identifier", system, value)`."""


def unblinded(*parts: str) -> str:
    """For decisions that need no blind keys."""
    raise LookupError(parts[0])


@value
class World:
    """What a decision sees: states by aggregate id (None: not born), holders by claim, how claims are made, what its share is."""

    states: Mapping[str, Any]
    held: Mapping[str, str] = field(default_factory=dict)
    blind: Blind = unblinded
    share: tuple[str, ...] = ()

    def __getitem__(self, subject: str) -> Any:
        return self.states.get(subject)


@value
class Fact:
    """What a decision says: this happened to that aggregate.

    `topic` and `key` are for answers to outside listeners; by default the service's own topic and the aggregate's key.
    `claims` are taken for `holder` (by default the subject) in the same transaction, or the whole decision is void.
    """

    subject: str
    data: Event
    topic: str = ""
    key: str = ""
    claims: tuple[str, ...] = ()
    holder: str = ""
    at: datetime | None = None
    sensitivity: str = ""
    consent: str = ""


@value
class Early:
    """The cause of this message has not been heard yet: keep it until `waits_for` (an aggregate id) changes."""

    waits_for: str


@value
class Reason:
    """Why something was not taken: a stable code, where it lies (JSON pointer), what to do. Never a value."""

    code: str
    pointer: str = ""
    fix: str = ""


@value
class Refused:
    """No further try can help. `allowed` says what could be asked instead."""

    reasons: tuple[Reason, ...]
    allowed: tuple[str, ...] = ()


Decision = Sequence[Fact] | Early | Refused


def plain_of(kind: type[T]) -> TypeAdapter[T]:
    """How the readable form of `Personal[kind]` is written before it is sealed."""
    return TypeAdapter(kind)


def kind_of(subject: str) -> str:
    """`request/0190…` is a `request`."""
    return subject.partition("/")[0]
