"""What a form is made of. Data alone."""

from dataclasses import dataclass, replace
from typing import Literal

KEEPER = ""
"""In the place of a service: whichever one keeps the item, which is the one that spoke of it."""
Kind = Literal["text", "note", "long", "choice", "choices", "instant", "day", "number", "flag", "codes", "known"]
"""`note`: some sentences; `long`: a whole message, taken as it is typed; `codes`: several, with spaces or commas between;
`known`: chosen among what the item or the network names (`of` says which)."""

LISTED = "[]"
"""After the name of a list: a form states one entry of it, and is given again for another."""

Asked = Literal["offer", "hand-over"]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked. `name` is the command's own; a dot leads into a part of it, `[]` into the one entry of a list."""

    name: str
    label: str
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    hint: str = ""
    required: bool = True
    of: str = ""
    now: bool = False
    """An instant that is now unless somebody says otherwise."""
    more: bool = False
    """Asked behind a fold, at the end: who has nothing of it passes it by with one key."""

    @property
    def path(self) -> str:
        """Where its owner's answer speaks of it: a place in a list is the list."""
        return self.name.replace(LISTED, "")


@dataclass(frozen=True, slots=True)
class Form:
    """One command: what it is called (verb first), where it is posted, who may, what it asks."""

    command: str
    name: str
    service: str
    path: str
    roles: tuple[str, ...]
    fields: tuple[Field, ...] = ()
    hint: str = ""
    answers: Asked | None = None
    """What it is an answer to, of whoever was asked and does not own the item: others give it on their behalf."""
    always: bool = False
    """Whether no fact says when it may be given: it may at any time, and its owner decides."""


def choice(name: str, label: str, *choices: str, hint: str = "", required: bool = True) -> Field:
    return Field(name, label, "choice", choices, hint, required)


def at(name: str, label: str, required: bool = True, now: bool = True, hint: str = "") -> Field:
    return Field(name, label, "instant", (), hint, required, "", now)


def known(name: str, label: str, of: str, required: bool = True, hint: str = "") -> Field:
    return Field(name, label, "known", (), hint, required, of)


def further(*fields: Field) -> tuple[Field, ...]:
    """What is asked behind the fold: none of it is needed."""
    return tuple(replace(one, more=True, required=False) for one in fields)
