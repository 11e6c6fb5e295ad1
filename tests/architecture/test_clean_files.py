"""Nothing in the repository says whose machine it was written on, where a registry is, or what a password is."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN = {
    "a machine path": r"(?<![\w.\-])/(?:home|Users|work|mnt|media|workspace)/[A-Za-z0-9_.\-]+/|[A-Z]:\\\\?Users\\",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a cloud key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[abpr]-[A-Za-z0-9-]{10,}",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    "a password in an address": r"[a-z][a-z0-9+.-]*://[^\s/:@{}$<>\"']+:[^\s/@{}$<>\"']+@(?![{$<])",
    "an address of a private network": r"\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b",
    "a host of a private network": r"\b[a-z0-9-]+\.(?:internal|intranet|corp|lan)\b(?![\w(])",
    "a registry's host": r"(?:--(?:extra-)?index-url|--registry|GOPROXY|registry\s*=)\s*[=\s]?\s*https?://",
}
SKIPPED = {".png", ".jpg", ".gif", ".ico", ".woff", ".woff2", ".gz", ".zip", ".jar"}


def tracked() -> list[Path]:
    """What is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return [ROOT / name for name in listed if name and Path(name).suffix not in SKIPPED and (ROOT / name).is_file()]


def stains(text: str) -> list[str]:
    """What must not be in a file, by line; never what it was."""
    return [
        f"line {text.count(chr(10), 0, match.start()) + 1}: {what}"
        for what, pattern in FORBIDDEN.items()
        for match in re.finditer(pattern, text)
    ]


def test_no_file_holds_a_secret_a_host_or_a_machine_path():
    found = {path.relative_to(ROOT).as_posix(): stains(path.read_text("utf-8", errors="replace")) for path in tracked()}
    assert {file: lines for file, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "/ho" + "me/ana/throughline/x.py", "-----BEGIN RSA PRIV" + "ATE KEY-----", "AK" + "IA" + "A" * 16,
        "mongodb://root:s3cret" + "@db/x",
        "10.0" + ".0.17", "http://packages" + ".corp", "pip install --index" + "-url https://pypi.example.org/simple",
        ".".join(["ey" + "J" + "a" * 20, "ey" + "J" + "b" * 20, "c" * 20]),
    ],
)  # fmt: skip
def test_a_planted_stain_is_found_with_its_line(planted):
    assert stains(f"first line\n{planted} and more\n")[0].startswith("line 2: ")


def test_placeholders_and_public_places_pass():
    addresses = "mongodb://{user}:{password}@{host}/ mongodb://user:wrong@{host}/ https://example.org contact@example.org localhost:9092"
    assert stains(f"{addresses} 127.0.0.1 /etc/ssl /tmp/x") == []
