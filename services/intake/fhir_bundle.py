"""A message of FHIR opened: which resources it holds, where each lies, and which one a reference means.

Bundles in Bundles and Parameters are opened too, without recursion. A reference is looked for in its own Bundle first, then
outwards, then in the whole message.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from contracts.kernel import Reason
from services.intake import codes, fhir_element
from services.intake.fhir_element import Body

ENTRIES_MAX = 1_000
Labels = tuple[tuple[str, ...], tuple[Reason, ...]]
"""The security labels of one resource, and what has to be told about them."""


@dataclass(slots=True, eq=False)
class Scope:
    """One Bundle or Parameters (or the bare message): its resources by every name they answer to."""

    body: Body
    pointer: str = ""
    outer: "Scope | None" = None
    names: "Names" = field(default_factory=dict)

    @property
    def is_bundle(self) -> bool:
        return self.body.get("resourceType") in ("Bundle", "Parameters")

    def outwards(self) -> Iterator["Scope"]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One resource and where it lies. `container` is the one it is contained in; `url` its fullUrl."""

    kind: str
    pointer: str
    body: Body
    scope: Scope
    url: str = ""
    method: str = ""
    misplaced: bool = False
    container: "Resource | None" = None
    contained: dict[str, "Resource"] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return fhir_element.text(self.body.get("id")) or ""


Names = dict[tuple[str, str], list[Resource]]
"""Resources by their address (`url`), and by what their type and id or id alone say (`id`)."""


@dataclass
class Package:
    """Everything in one message. `strays` are entries without a resource, each with what is wrong."""

    resources: list[Resource] = field(default_factory=list)
    strays: list[Reason] = field(default_factory=list)
    everywhere: Names = field(default_factory=dict)
    crowded: bool = False
    labels: dict[int, Labels] = field(default_factory=dict)
    _pointing: dict[tuple[str, str], dict[int, list[Resource]]] = field(default_factory=dict)

    def of(self, kind: str) -> list[Resource]:
        return self._by_kind.get(kind, [])

    @cached_property
    def _by_kind(self) -> dict[str, list[Resource]]:
        kinds: dict[str, list[Resource]] = {}
        for each in self.resources:
            kinds.setdefault(each.kind, []).append(each)
        return kinds

    @cached_property
    def requisitions(self) -> Counter[str]:
        """How many requests carry each requisition."""
        said = (fhir_element.text(fhir_element.part(each.body, "requisition").get("value")) for each in self.of("ServiceRequest"))
        return Counter(value for value in said if value)

    def pointing(self, kind: str, name: str) -> Mapping[int, list[Resource]]:
        """The resources of a kind by what their reference `name` leads to (its `id()`); worked out once a message."""
        if (kind, name) not in self._pointing:
            found = self._pointing.setdefault((kind, name), {})
            for each in self.of(kind):
                said = fhir_element.reference(fhir_element.part(each.body, name))
                if said and (target := find(said, each, self).resource):
                    found.setdefault(id(target), []).append(each)
        return self._pointing[kind, name]


@dataclass(frozen=True, slots=True)
class Found:
    """What a reference leads to: one resource, or why not."""

    how: Literal["one", "none", "many", "contradiction"]
    resource: Resource | None = None


def unpack(message: Body, at: str = "") -> Package:
    """Open a message whose pointer in the record is `at`. Order of the message is kept."""
    package = Package()
    todo: list[tuple[Any, str, Scope, Body]] = [(message, at, Scope(message, at), {})]
    while todo:
        body, pointer, scope, entry = todo.pop()
        if len(package.resources) + len(package.strays) + len(todo) > ENTRIES_MAX:
            package.crowded = True
            return package
        kind = body.get("resourceType") if isinstance(body, dict) else None
        if kind == "Bundle":
            todo.extend(reversed([*_entries(body, pointer, Scope(body, pointer, scope), package)]))
        elif kind == "Parameters":
            todo.extend(reversed([*_parameters(body, pointer, Scope(body, pointer, scope))]))
        elif not isinstance(kind, str) or not kind:
            package.strays.append(codes.reason(codes.NO_KIND, pointer))
        else:
            _add(package, Resource(kind, pointer, body, scope, _full_url(entry), _method(entry), misplaced=body is entry))
    return package


def find(said: str, seen_from: Resource, package: Package) -> Found:
    """The resource that a reference means, as read in `seen_from`."""
    if said.startswith("#"):
        inside = seen_from.container or seen_from
        target = inside if said == "#" else inside.contained.get(said[1:])
        return Found("one", target) if target else Found("none")
    tail = _tail(said)
    for names in (*(scope.names for scope in seen_from.scope.outwards()), package.everywhere):
        if exact := names.get(("url", said)):
            return _single(exact)
        if near := names.get(("id", tail)):
            return _near(said, near)
    return Found("none")


def _single(found: list[Resource]) -> Found:
    """The same resource sent twice is one resource; two that differ are two."""
    first, *others = found
    return Found("one", first) if all(each.body == first.body for each in others) else Found("many")


def _near(said: str, near: list[Resource]) -> Found:
    """By type and id, or by a bare id: good where no address contradicts it."""
    told = _single(near)
    url = told.resource.url if told.resource else ""
    return Found("contradiction", told.resource) if _contradicts(said, url) else told


def _contradicts(said: str, url: str) -> bool:
    if said.startswith("urn:"):
        return url.startswith("urn:")
    is_elsewhere = "://" in url and not fhir_element.is_placeholder(url)
    is_relative = "://" not in said or fhir_element.is_placeholder(said)
    return is_elsewhere and not (is_relative and url.endswith("/" + _tail(said)))


def _tail(said: str) -> str:
    """`https://a.example/fhir/Patient/1` and `Patient/1` end alike; `urn:uuid:1` may be a plain id."""
    if said.startswith("urn:"):
        return said.rpartition(":")[2]
    return "/".join(said.split("/")[-2:])


def _full_url(entry: Body) -> str:
    return fhir_element.text(entry.get("fullUrl"), 2_000) or ""


def _method(entry: Body) -> str:
    return fhir_element.text(fhir_element.part(entry, "request").get("method")) or ""


def _add(package: Package, resource: Resource) -> None:
    for suffix, body in fhir_element.parts(resource.body, "contained"):
        if isinstance(kind := body.get("resourceType"), str):
            inner = Resource(kind, resource.pointer + suffix, body, resource.scope, container=resource)
            resource.contained.setdefault(inner.id, inner)
    package.resources.append(resource)
    by_id = (("id", resource.id), ("id", f"{resource.kind}/{resource.id}")) if resource.id and "/" not in resource.id else ()
    for name in ((("url", resource.url),) if resource.url else ()) + by_id:
        resource.scope.names.setdefault(name, []).append(resource)
        package.everywhere.setdefault(name, []).append(resource)


def _entries(bundle: Body, at: str, scope: Scope, package: Package) -> Iterator[tuple[Any, str, Scope, Body]]:
    listed = bundle.get("entry")
    for place, entry in enumerate(listed if isinstance(listed, list) else [listed] if isinstance(listed, dict) else ()):
        pointer = f"{at}/entry/{place}"
        if isinstance(entry, dict) and "resource" in entry:
            yield entry["resource"], f"{pointer}/resource", scope, entry
        elif isinstance(entry, dict) and "resourceType" in entry:
            yield entry, pointer, scope, entry
        else:
            package.strays.append(codes.reason(codes.DELETION if _deletes_a_request(entry) else codes.NO_RESOURCE, pointer))


def _deletes_a_request(entry: Any) -> bool:
    asked = fhir_element.part(entry, "request")
    return asked.get("method") == "DELETE" and "ServiceRequest" in str(asked.get("url"))


def _parameters(body: Body, at: str, scope: Scope) -> Iterator[tuple[Any, str, Scope, Body]]:
    todo = deque((at + suffix, each) for suffix, each in fhir_element.parts(body, "parameter"))
    while todo:
        pointer, parameter = todo.popleft()
        if "resource" in parameter:
            yield parameter["resource"], f"{pointer}/resource", scope, {}
        todo.extend((pointer + suffix, each) for suffix, each in fhir_element.parts(parameter, "part"))
