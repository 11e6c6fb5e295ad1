"""Writes everything that is derived from the catalogue and the event classes, or says what is stale.

python -m contracts.generate                              write schemas, envelope, AsyncAPI, README's map, docs/events.md, index of examples
python -m contracts.generate --check                      change nothing; fail when something is stale
python -m contracts.generate --example TYPE [--name N]    save one more example of an event
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from contracts import answers, asyncapi, catalogue, reference, samples, shapes
from contracts.compatibility import breaks, next_version

ROOT = Path(__file__).parent.parent
HERE = ROOT / "contracts"
README, EVENTS = ROOT / "README.md", ROOT / "docs" / "events.md"
BEGIN, END = "<!-- map:begin -->", "<!-- map:end -->"
COMMAND = "python -m contracts.generate"


def outputs() -> dict[Path, str]:
    """Every generated file with what it should hold. The README's words outside its markers are its own."""
    made = {HERE / "schemas" / f"{wire_type}.json": _json(shapes.schema_of(e)) for wire_type, e in catalogue.event_types().items()}
    made |= {HERE / "envelope.schema.json": _json(shapes.envelope()), HERE / "asyncapi.json": _json(asyncapi.document())}
    made[EVENTS] = reference.events()
    made[samples.INDEX] = "".join(f"{digest}  {path}\n" for path, digest in sorted((samples.digests() | samples.listed()).items()))
    readme = README.read_text("utf-8") if README.exists() else ""
    return made | ({README: with_map(readme)} if BEGIN in readme and END in readme else {})


def with_map(text: str) -> str:
    """The README with today's map between its markers."""
    return f"{text[: text.index(BEGIN) + len(BEGIN)]}\n{reference.services()}\n{text[text.index(END) :]}"


def stale() -> list[str]:
    """What does not hold what it should, each with what to do."""
    made = outputs()
    found = [path for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text]
    lost = [] if README in made else [f"README.md has no map: put the lines {BEGIN} and {END} where it belongs, then run `{COMMAND}`"]
    return [f"{path.relative_to(ROOT)} is stale: run `{COMMAND}`" for path in found] + lost


def forbidden() -> list[str]:
    """Changes that no command repairs: what is already said stays as it was said."""
    events, found = catalogue.event_types(), samples.damage(samples.listed(), samples.digests())
    for path in sorted((HERE / "schemas").glob("*.json")):
        event = events.get(path.stem)
        if event is None:
            found.append(f"{path.relative_to(ROOT)} has no event: facts of {path.stem} are for ever, so its class stays in the catalogue")
            continue
        outside = event in answers.OUTBOUND
        for sentence in breaks(json.loads(path.read_text("utf-8")), shapes.schema_of(event), heard_outside=outside):
            found.append(f"{path.stem} {sentence}. Leave it as it was and make {next_version(path.stem)}")
    return found


def without_example() -> list[str]:
    missing = [wire_type for wire_type in catalogue.event_types() if not samples.saved(wire_type)]
    return [f"{wire_type} has no saved example: run `{COMMAND} --example {wire_type}`" for wire_type in missing]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--example", metavar="TYPE", choices=sorted(catalogue.event_types()))
    parser.add_argument("--name", default="plain", help="file name of the example (default: plain)")
    options = parser.parse_args(arguments)
    if options.example:
        print(samples.make(catalogue.event_types()[options.example], options.name).relative_to(ROOT))
    problems = forbidden()
    if options.check:
        problems += without_example() + stale()
    elif not problems:
        _write()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _write() -> None:
    for path, text in outputs().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
