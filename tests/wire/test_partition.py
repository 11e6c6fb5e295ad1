"""Keys live where Kafka's own Java client would put them, for ever."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.partition import murmur2, partition_of

VECTORS = (
    ("", 275646681, 9),
    ("a", 2731586172, 4),
    ("ab", 316155434, 2),
    ("abc", 479470107, 3),
    ("abcd", 2971317748, 20),
    ("request/0190a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b", 2941340152, 8),
    ("placement/0190a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b", 1157711475, 3),
    ("care/1", 2408778420, 4),
    ("thing/0", 1420771471, 7),
    ("thing/1", 2413600867, 11),
    ("thing/2", 28812847, 7),
    ("thing/3", 2694696817, 17),
    ("thing/42", 542612711, 23),
    ("thing/999999", 3540650084, 12),
    ("REF-2026-000017", 1382381506, 10),
    ("é", 186971271, 15),
    ("Ωmega", 1300230970, 10),
    ("日本語の鍵", 2576459686, 14),
    ("😀", 131881617, 9),
    ("key with spaces", 1291295160, 0),
    ("x/y/z", 2237315175, 7),
    ("0", 971027396, 20),
    ("00000000000000000001", 3914727353, 9),
    ("a-rather-long-key-that-goes-on-and-on-and-on-beyond-sixty-four-bytes-0123456789", 2150126088, 16),
    ("~!@#$%^&*()", 578783638, 22),
)
"""Key, `Utils.murmur2` and partition among 24, printed by Murmur.java beside this file with kafka-clients 4.3.1."""


@pytest.mark.parametrize(("key", "digest", "partition"), VECTORS)
def test_a_key_has_the_partition_the_java_client_gives_it(key: str, digest: int, partition: int) -> None:
    assert (murmur2(key.encode()), partition_of(key)) == (digest, partition)


def test_aiokafka_agrees_on_any_bytes() -> None:
    from aiokafka.partitioner import murmur2 as theirs

    chance = random.Random(7)
    for length in range(200):
        data = chance.randbytes(length)
        assert murmur2(data) == theirs(data)


@pytest.mark.engines
@pytest.mark.skipif(not shutil.which("java"), reason="no java on the path")
def test_the_java_client_itself_agrees_on_a_thousand_new_keys(class_path: Path, tmp_path: Path) -> None:
    chance = random.Random()
    keys = [f"{chance.choice(('request', 'café', '鍵'))}/{chance.randbytes(chance.randrange(20)).hex()}" for _ in range(1000)]
    (tmp_path / "keys").write_text("\n".join(keys))
    command = ["java", "-cp", f"{class_path}/*", str(Path(__file__).with_name("Murmur.java")), str(tmp_path / "keys")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split("\n")
    assert said[:1000] == [f"{murmur2(key.encode())} {partition_of(key)}" for key in keys]
