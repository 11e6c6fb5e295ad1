"""Kafka's jars: exactly those in kafka.lock, by Maven when it is there, else by a resolver in pure Python."""

import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.local.cache import Cache, Say, verify
from infra.problems import Problem

LOCK = Path(__file__).with_name("kafka.lock")
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
FETCH_SECONDS_MAX = 900
LANES = 6


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def locked(lock: Path = LOCK) -> tuple[Jar, ...]:
    lines = [line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    return tuple(
        Jar(group, artifact, version, digest) for coordinates, digest in lines for group, artifact, version in [coordinates.split(":")]
    )


def kafka_version(jars: tuple[Jar, ...]) -> str:
    return next(jar.version for jar in jars if jar.artifact == "kafka-server")


def class_path(cache: Cache, say: Say, fetcher: str = "auto", jars: tuple[Jar, ...] | None = None) -> Path:
    """The directory of the jars, fetched when needed and verified always.

    `fetcher` is `auto`, `mvn` or `jgo`. TL-2003: could not be fetched; TL-2004: a jar is not what the lock says.
    """
    jars = jars or locked()
    expected = {jar.file: jar.sha256 for jar in jars}

    def fetch(directory: Path) -> None:
        _fetch(jars, directory, say, fetcher)
        verify(directory, expected)

    directory = cache.install(f"kafka-{kafka_version(jars)}", fetch)
    verify(directory, expected)
    return directory


def _fetch(jars: tuple[Jar, ...], into: Path, say: Say, fetcher: str) -> None:
    say(f"fetching Apache Kafka {kafka_version(jars)}: {len(jars)} jars, about 44 MB, once")
    failures = []
    for name, way in (("mvn", _by_maven), ("jgo", _by_resolver)):
        if fetcher not in ("auto", name):
            continue
        try:
            way(jars, into, say)
            return
        except (OSError, RuntimeError, subprocess.SubprocessError) as failure:
            failures.append(f"{name}: {failure}")
            say(f"{name} could not ({failure})")
    raise Problem(
        code="TL-2003",
        what="Kafka's jars could not be fetched",
        why="; ".join(failures),
        fix="check the network and the package mirror your machine uses; needed is Maven (with Java), or: pip install 'throughline[local]'",
    )


def _by_maven(jars: tuple[Jar, ...], into: Path, say: Say) -> None:
    if not (mvn := shutil.which("mvn")):
        raise RuntimeError("not installed")
    say(f"asking Maven for {len(jars)} jars")
    with tempfile.TemporaryDirectory() as project:
        Path(project, "pom.xml").write_text(_pom(jars))
        done = subprocess.run(
            [mvn, "-B", "-q", COPY, f"-DoutputDirectory={into}", "-DexcludeTransitive=true"],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS_MAX,
        )
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr).strip().splitlines()[0][:300] if done.stdout or done.stderr else "failed")


def _pom(jars: tuple[Jar, ...]) -> str:
    """A project that depends on the locked jars and, by the exclusions, on nothing else."""
    dependency = (
        "<dependency><groupId>{0.group}</groupId><artifactId>{0.artifact}</artifactId><version>{0.version}</version>"
        "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>local</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{''.join(dependency.format(jar) for jar in jars)}</dependencies></project>"
    )


def _by_resolver(jars: tuple[Jar, ...], into: Path, say: Say) -> None:
    if not find_spec("jgo"):
        raise RuntimeError("not installed")
    from jgo.maven import MavenContext  # optional, and slow to import: only a first run needs it

    with tempfile.TemporaryDirectory(dir=into.parent) as repository, ThreadPoolExecutor(LANES) as lanes:
        context = MavenContext(repo_cache=Path(repository), timeout=60)

        def fetch(jar: Jar) -> None:
            found = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
            shutil.move(found, into / jar.file)

        for count, done in enumerate(as_completed([lanes.submit(fetch, jar) for jar in jars]), start=1):
            done.result()
            if count % 10 == 0 or count == len(jars):
                say(f"fetched {count} of {len(jars)} jars")
