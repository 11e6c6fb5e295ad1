"""JSON Schemas (2020-12) of what we say: the data of every event, and the envelope round it."""

import ast
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import contracts
from contracts.answers import OUTBOUND
from contracts.attributes import ATTRIBUTES, CORE
from contracts.kernel import SEALED_PREFIX, Event, Model
from contracts.partners import INBOUND

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def schema_of(event: type[Event]) -> Schema:
    """The schema of an event's data, as it is on the wire.

    Personal values are marked `x-personal`: readable between us and partners, a sealed token inside. `x-readable` says what a
    token opens to.
    """
    schema = _described(event.model_json_schema())
    inside = event not in (*INBOUND, *OUTBOUND)
    return {"$schema": DIALECT, "$id": f"urn:throughline:{event.type}", **(sealed(schema) if inside else schema)}


def envelope() -> Schema:
    """The schema of a complete event in structured form: on our topics, to a partner, from a partner."""
    shapes = {a.name: a.shape for a in ATTRIBUTES}

    def kind(title: str, names: list[str], required: list[str], closed: bool) -> Schema:
        properties = {name: shapes[name] for name in names} | {"data": {"type": "object"}}
        return {"title": title, "type": "object", "properties": properties, "required": [*required, "data"]} | (
            {"additionalProperties": False} if closed else {}
        )

    ours, seen = [a.name for a in ATTRIBUTES], [a.name for a in ATTRIBUTES if a.on_partner_out]
    required = [a.name for a in ATTRIBUTES if a.required]
    return {
        "$schema": DIALECT,
        "$id": "urn:throughline:envelope",
        "title": "Envelope",
        "description": "CloudEvents 1.0. Each topic family carries one of these.",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in ("events", "partner-out", "partner-in")],
        "$defs": {
            "events": kind("On our own topics", ours, required, closed=True),
            "partner-out": kind("What a partner is told", seen, [name for name in required if name in seen], closed=True),
            "partner-in": kind("What a partner sends", [*CORE, "subject", "time", "datacontenttype"], list(CORE), closed=False),
        },
    }


def modules() -> Iterator[str]:
    """Every module of `contracts` that may hold events."""
    return (f"contracts.{module.name}" for module in pkgutil.iter_modules(contracts.__path__) if module.name != "generate")


def models() -> list[type[Model]]:
    """Every model of `contracts`, where it is defined."""
    found = (value for name in modules() for value in vars(import_module(name)).values() if inspect.isclass(value))
    ours = {model for model in found if issubclass(model, Model) and model.__module__.startswith("contracts.")}
    return sorted(ours, key=lambda model: (model.__module__, model.__name__))


def rewritten(node: Any, change: Callable[[Schema], Schema]) -> Any:
    """The same document with `change` applied to each object of it, innermost first."""
    if isinstance(node, Mapping):
        return change({key: rewritten(value, change) for key, value in node.items()})
    return [rewritten(item, change) for item in node] if isinstance(node, list) else node


def sealed(schema: Schema) -> Schema:
    """The same schema as it is inside: a token in the place of each personal value."""

    def token(node: Schema) -> Schema:
        if not node.get("x-personal"):
            return node
        readable = {key: value for key, value in node.items() if key != "x-personal"}
        return {"type": "string", "pattern": f"^{SEALED_PREFIX}", "x-personal": True, "x-readable": readable}

    return rewritten(schema, token)  # type: ignore[no-any-return]


def _described(schema: Schema) -> Schema:
    """Words of ours in the place of pydantic's: field titles go, the sentence under a field becomes its description."""
    for model in (schema, *schema.get("$defs", {}).values()):
        for name, field in model.get("properties", {}).items():
            field.pop("title", None)
            if sentence := _sentences().get((model["title"], name)):
                field["description"] = sentence
    return schema


@cache
def _sentences() -> dict[tuple[str, str], str]:
    """The sentence under each field, by (model, field), for the model and those that inherit it."""
    own: dict[tuple[str, str], str] = {}
    for name in modules():
        for model in ast.walk(ast.parse(inspect.getsource(import_module(name)))):
            if isinstance(model, ast.ClassDef):
                own |= {(model.name, field): text for field, text in _under_fields(model)}
    return {(m.__name__, f): own[k.__name__, f] for m in models() for f in m.model_fields for k in m.__mro__ if (k.__name__, f) in own}


def _under_fields(model: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, after in zip(model.body, model.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
            yield field.target.id, inspect.cleandoc(ast.literal_eval(after.value))
