"""`python -m deploy.chart`: the golden renders of the Helm chart, one for each set of example values. A test compares them."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy import tools
from infra.problems import Problem

CHART = Path(__file__).parent / "kubernetes"
VALUES = tuple(sorted(path.stem for path in (CHART / "values").glob("*.yaml")))
KUBERNETES = "1.34.0"
RELEASE = "throughline"


def golden(name: str) -> Path:
    return CHART / "golden" / f"{name}.yaml"


def render(name: str, *more: str, helm: Path | None = None) -> str:
    """What Helm makes of these values; `more` are further arguments (`--set …`). TL-2020 without Helm, TL-2018 when it refuses."""
    values = ["-f", str(CHART / "values" / f"{name}.yaml")]
    return run(["template", RELEASE, str(CHART), "--kube-version", KUBERNETES, *values, *more], helm)


def run(arguments: Sequence[str], helm: Path | None = None) -> str:
    if not (program := helm or tools.find("helm")):
        raise Problem("TL-2020", "Helm is not there", fix="python -m deploy.tools")
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise Problem("TL-2018", "Helm refuses the chart or its values", (done.stderr or done.stdout).strip(), "see values.schema.json")
    return done.stdout


if __name__ == "__main__":
    for one in VALUES:
        golden(one).parent.mkdir(exist_ok=True)
        golden(one).write_text(render(one), "utf-8")
        sys.stdout.write(f"wrote golden/{one}.yaml\n")
