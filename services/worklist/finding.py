"""What a person is found by, and what a search asks for, where no name may lie in the clear. Pure.

A record is found by marks: blind keys (`infra.vault`) of the beginnings of its names, of two names together, and of the birth date.
Who searches makes the same marks of what they typed; a name itself is written down nowhere. Accents, case, hyphens and apostrophes
make no difference; the order of names makes none either. One name needs three letters; with it, the others may be as short as one.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import combinations

LETTERS_MIN, LETTERS_MAX, WORDS_MAX, SHORT = 3, 12, 6, 6
MARK = 12
"""Characters of a blind key that are kept: 72 bits, so that no two of a network's names share one by chance."""
TOGETHER = ((3, 3), (3, 2), (3, 1), (2, 3), (1, 3))
"""How many letters of each of two names make a mark of both: what makes `garcia m` few people at once."""
PLAIN = str.maketrans({
    **dict.fromkeys("'’‘ʼʻʹ`´", ""), "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h",
})  # fmt: skip
BORN = (
    (re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"), "2001-02-03"),
    (re.compile(r"(?P<m>\d{1,2})[/-](?P<d>\d{1,2})[/-](?P<y>\d{4})"), "02/03/2001"),
    (re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"), "03.02.2001"),
)
"""How a birth date may be typed, each with an example: as ISO has it, as the United States write it, and with dots."""
Blind = Callable[..., str]
Part = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody typed: names, a birth date, a number. Its text is not shown anywhere but to them."""

    words: tuple[str, ...] = ()
    born: date | None = None
    number: str = ""

    @property
    def by(self) -> tuple[str, ...]:
        """By what it was searched, never what for: the accounts of reading keep this."""
        named = (("born", self.born), ("name", self.words), ("number", self.number))
        return tuple(name for name, value in named if value)


def sought(text: str) -> Sought:
    """A word that is a date is the birth date; one alone, or with a digit, may be a number as well; the others are names."""
    typed = text.split()
    born = next((at for word in typed if (at := birth_date(word))), None)
    rest = [word for word in typed if birth_date(word) is None]
    has_digit = any(part.isdigit() for word in rest for part in word)
    numbered = has_digit or (len(rest) == 1 and not born)
    return Sought(() if has_digit else words_of(" ".join(rest)), born, " ".join(rest) if numbered else "")


def birth_date(word: str) -> date | None:
    for pattern, _ in BORN:
        if found := pattern.fullmatch(word):
            try:
                return date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                return None
    return None


def words_of(text: str) -> tuple[str, ...]:
    """Its words as they are compared: `O’Brien-Núñez` is `obrien` and `nunez`. Each once."""
    letters = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    return tuple(dict.fromkeys(re.findall(r"[^\W_]+", letters.translate(PLAIN))))


def marks_of(names: Iterable[str], born: date | None, blind: Blind) -> list[str]:
    """Everything that a record of these names and this birth date is found by."""
    words = words_of(" ".join(names))[:WORDS_MAX]
    begins = {("name", word[:count]) for word in words for count in range(min(LETTERS_MIN, len(word)), min(LETTERS_MAX, len(word)) + 1)}
    both = {_both(one[:i], other[:j]) for one, other in combinations(words, 2) for i, j in TOGETHER}
    return sorted({_mark(part, blind) for part in (*begins, *both, *_born(born))})


def asked(seek: Sought, blind: Blind) -> list[str]:
    """The marks that a record must have, those that the fewest have first; none where too little was typed to find somebody by."""
    long = sorted((word for word in seek.words if len(word) >= LETTERS_MIN), key=len, reverse=True)
    others = [word for word in seek.words if not long or word != long[0]]
    both = [_both(long[0][:3], other[:3]) for other in others] if long else []
    begins = [("name", word[:LETTERS_MAX]) for word in long or seek.words]
    return [_mark(part, blind) for part in (*_born(seek.born), *both, *begins)]


def short_mark(item: str) -> str:
    """What an item is found by when somebody types how the console calls it: the end of its number, which is nobody's name."""
    return f"#{item.rpartition('/')[2][-SHORT:]}"


def _born(born: date | None) -> tuple[Part, ...]:
    return (("born", born.isoformat()),) if born else ()


def _both(one: str, other: str) -> Part:
    return ("names", *sorted((one, other)))


def _mark(part: Part, blind: Blind) -> str:
    return blind("found-by", *part)[:MARK]
