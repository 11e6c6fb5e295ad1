"""`python -m deploy.sbom LOCK`: what an image is made of, as a CycloneDX 1.6 document, read from the lock it is installed from.

Standard library alone, so that it can run where nothing is installed yet. The same lock gives the same bytes.
"""

import json
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(lock: str) -> Iterator[dict[str, Any]]:
    """One for each pinned package, with the files that it may come as (each has a hash of its own) and when it is installed at all."""
    for block in re.split(r"\n(?=\S)", lock):
        if not (pinned := PINNED.match(block.splitlines()[0])):
            continue
        package = f"pkg:pypi/{pinned[1].lower().replace('_', '-')}@{pinned[2]}"
        files = [
            {"type": "distribution", "url": package, "hashes": [{"alg": "SHA-256", "content": known}]} for known in HASH.findall(block)
        ]
        conditions = [{"name": "throughline:marker", "value": pinned[3]}] if pinned[3] else []
        yield {
            "type": "library", "bom-ref": package, "name": pinned[1].lower(), "version": pinned[2], "purl": package,
            "externalReferences": files, "properties": conditions,
        }  # fmt: skip


def whole(lock: Path) -> str:
    """A lock, with the one that it names (`-r`) in the place of the name."""
    lines = lock.read_text("utf-8").splitlines()
    named = re.compile(r"^-r (\S+)$")
    return "\n".join(whole(lock.parent / found[1]) if (found := named.match(line)) else line for line in lines)


def document(lock: str) -> dict[str, Any]:
    parts = list(components(lock))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{UUID(bytes=sha256(lock.encode()).digest()[:16], version=4)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "throughline", "name": "throughline"}},
        "components": parts,
        "dependencies": [{"ref": "throughline", "dependsOn": [one["bom-ref"] for one in parts]}],
    }


if __name__ == "__main__":
    json.dump(document(whole(Path(sys.argv[1]))), sys.stdout, indent=1)
    sys.stdout.write("\n")
