"""What may change within a version: a field with a default may be added, a limit relaxed. Everything else is a new version.

Compared are JSON Schemas: the committed one against today's class.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

LOWER = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
UPPER = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
COMPARED = {
    *LOWER, *UPPER, "type", "enum", "const", "pattern", "format", "anyOf", "$ref", "items", "prefixItems", "properties",
    "required", "additionalProperties", "default", "x-readable",
}  # fmt: skip
WORDS = {"title", "description", "examples", "deprecated", "$schema", "$id", "$defs"}
NOTHING: Any = object()


def breaks(old: Schema, new: Schema, *, heard_outside: bool = False) -> list[str]:
    """Why facts written under `old` are not safe under `new`, one sentence each; empty when they are.

    `heard_outside`: listeners that we do not deploy read it (partners), so no limit may be relaxed for them either.
    """
    found = list(_Comparison(old, new).tighter(old, new, "", frozenset()))
    if heard_outside:
        backwards = _Comparison(new, old, additive=False)
        found += [f"{sentence} (relaxed, and partners may rely on it)" for sentence in backwards.tighter(new, old, "", frozenset())]
    return found


def next_version(wire_type: str) -> str:
    subject, _, version = wire_type.rpartition(".v")
    return f"{subject}.v{int(version) + 1}"


class _Comparison:
    """Walks two schemas side by side and says where `new` refuses or forgets what `old` accepted."""

    def __init__(self, old: Schema, new: Schema, additive: bool = True) -> None:
        self.old_defs, self.new_defs, self.additive = old.get("$defs", {}), new.get("$defs", {}), additive

    def tighter(self, old: Schema, new: Schema, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if all(pair) and pair in seen:
            return
        seen |= {pair}
        old, new = _resolved(old, self.old_defs), _resolved(new, self.new_defs)
        if self.additive and old.get("default", NOTHING) != new.get("default", NOTHING) and "default" in old:
            yield f"{at or 'the data'}: its default changed, so old facts without it would say something else"
        if "anyOf" in old or "anyOf" in new:
            for branch in old.get("anyOf", [old]):
                tries = [list(self.tighter(branch, other, at, seen)) for other in new.get("anyOf", [new])]
                yield from min(tries, key=len)
            return
        yield from self._value(old, new, at or "the data")
        yield from self._fields(old, new, at, seen)
        yield from self._inner(old, new, at, seen)

    def _value(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        kinds = (old.get("type"), new.get("type"))
        if kinds[1] is not None and kinds[0] != kinds[1] and kinds != ("integer", "number"):
            yield f"{at}: was {kinds[0] or 'anything'}, is {kinds[1]}"
        allowed_old, allowed_new = _values(old), _values(new)
        if allowed_new is not None and (allowed_old is None or not allowed_old <= allowed_new):
            yield f"{at}: fewer values are allowed"
        for limit in (*LOWER, *UPPER):
            was, now = old.get(limit), new.get(limit)
            if now is not None and (was is None or (now > was if limit in LOWER else now < was)):
                yield f"{at}: {limit} was {'unlimited' if was is None else was}, is {now}"
        for rule in ("pattern", "format"):
            if rule in new and new[rule] != old.get(rule):
                yield f"{at}: {rule} was {old.get(rule, 'free')}, is {new[rule]}"
        for rule in sorted((old.keys() | new.keys()) - COMPARED - WORDS):
            if old.get(rule) != new.get(rule):
                yield f"{at}: {rule} was {old.get(rule)}, is {new.get(rule)}"

    def _fields(self, old: Schema, new: Schema, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, field in before.items():
            if name in after:
                yield from self.tighter(field, after[name], f"{at}/{name}", seen)
            elif self.additive:
                yield f"{at}/{name}: was removed or renamed"
        for name in new.get("required", ()):
            if name not in old.get("required", ()) and (self.additive or name in before):
                yield f"{at}/{name}: " + ("became required" if name in before else "is new and required (a new field needs a default)")

    def _inner(self, old: Schema, new: Schema, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        for part in ("items", "additionalProperties", "x-readable"):
            was, now = old.get(part, True), new.get(part, True)
            if isinstance(was, dict) and isinstance(now, dict):
                yield from self.tighter(was, now, f"{at}/{'*' if part != 'x-readable' else '(readable)'}", seen)
            elif now is not True and was != now:
                yield f"{at}: {part} became narrower"
        if (new_items := new.get("prefixItems")) is not None:
            old_items = old.get("prefixItems", [])
            if len(old_items) != len(new_items):
                yield f"{at}: the number of its parts changed"
            for index, (was, now) in enumerate(zip(old_items, new_items, strict=False)):
                yield from self.tighter(was, now, f"{at}/{index}", seen)


def _resolved(schema: Schema, defs: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**_resolved(defs[schema["$ref"].rpartition("/")[2]], defs), **rest}


def _values(schema: Schema) -> set[Any] | None:
    return set(schema["enum"]) if "enum" in schema else {schema["const"]} if "const" in schema else None
