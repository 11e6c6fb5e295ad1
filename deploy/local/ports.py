"""Ports on the loopback interface: which are free, and who holds one that is not."""

import random
import socket

import psutil

from infra.problems import Problem

LOOPBACK = "127.0.0.1"
PRIVATE_RANGE = (20_000, 32_000)
"""Below the range from which the kernel gives ports to outgoing connections, so that none of those takes ours in between."""


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a former run still closing do not count
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def free_port(neighbours: int = 1) -> int:
    """A port that is free together with the following ones, `neighbours` in all."""
    for _ in range(500):
        port = random.randint(*PRIVATE_RANGE)
        if all(is_free(port + offset) for offset in range(neighbours)):
            return port
    raise Problem(code="TL-2001", what="no free port found", why=f"tried 500 in {PRIVATE_RANGE}", fix="stop what holds them")


def holder(port: int) -> str:
    """Who listens there, for a person: process id and command, as far as the system lets us see."""
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port == port]
        pids = {c.pid for c in listening if c.pid}
        commands = [f"pid {pid}: {' '.join(psutil.Process(pid).cmdline())[:160]}" for pid in sorted(pids)]
    except psutil.Error:
        commands = []
    return ", ".join(commands) or "a process of another user"


def require_free(port: int, purpose: str, setting: str) -> None:
    """TL-2001 when somebody listens there already, naming who, and how to choose another port."""
    if not is_free(port):
        raise Problem(
            code="TL-2001",
            what=f"Port {port}, needed for {purpose}, is taken",
            where=f"{LOOPBACK}:{port}",
            why=f"held by {holder(port)}",
            fix=f"stop that process, or choose another port: {setting}=<port> throughline up",
        )
