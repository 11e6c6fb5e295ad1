"""JSON logs in which nothing personal can appear by accident.

Only known keys are written, with bounded values; of an exception its type, its code if it is a Problem, and the places in our own
code it came through, never its text: validation and driver errors quote what they choke on. What libraries log goes the same way,
and their arguments are let through by type: numbers, types, places in Kafka; anything else could be a value.
"""

import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, BinaryIO

import orjson
import structlog
from aiokafka.structs import TopicPartition
from structlog.contextvars import bound_contextvars as about
from structlog.contextvars import merge_contextvars

__all__ = ["about", "configure"]

KEYS = frozenset({
    "event", "level", "at", "logger", "service",
    "correlation", "cause", "topic", "partition", "offset", "type", "lane", "group", "step", "outcome", "name",
    "code", "error", "causes", "where", "reason", "pointer",
    "count", "records", "facts", "attempt", "seconds", "bytes", "pid", "signal", "port",
    "route", "method", "status", "setting", "version", "resource", "driver",
})  # fmt: skip
"""Everything a log line may hold. `dropped` names what was given beside it."""

TEXT_MAX = 200
ITEMS_MAX = 20
FRAMES_MAX = 8
OURS = ("infra", "services", "contracts", "deploy", "__main__")
QUIET = {"aiokafka": logging.WARNING, "faststream": logging.WARNING, "pymongo": logging.WARNING, "motor": logging.WARNING}
"""Below this, these libraries log keys, values or commands."""
QUIET |= {"asyncio": logging.WARNING, "opentelemetry": logging.ERROR, "uvicorn": logging.WARNING, "httpx2": logging.WARNING}

_NAME = re.compile(r"[\w.:/<>-]{1,100}")
_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|\{.*\}|\[.*\]|\(.*\)|<.*>""")
Line = MutableMapping[str, Any]


def configure(service: str, level: str = "INFO", stream: BinaryIO | None = None) -> None:
    """Send every log of this process, ours and the libraries', as JSON lines to `stream` (standard output)."""
    out = stream or sys.stdout.buffer
    steps = [merge_contextvars, structlog.processors.add_log_level, _stamp(service), _exception, allowed, _render]
    structlog.configure(
        processors=steps,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(out),
        cache_logger_on_first_use=stream is None,
    )
    root = logging.getLogger()
    root.handlers = [_Routed(service, out)]
    root.setLevel(level)
    for name, lowest in QUIET.items():
        logging.getLogger(name).setLevel(max(lowest, root.level))
    for name in [name for name in logging.root.manager.loggerDict if name.startswith(("faststream", "uvicorn"))]:
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = [], True
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def allowed(logger: Any, method: str, line: Line) -> Line:
    """Known keys with bounded values; the names of the others under `dropped`."""
    kept = {key: bounded(value) for key, value in line.items() if key in KEYS}
    if strange := sorted(str(key)[:40] for key in line if key not in KEYS):
        kept["dropped"] = strange[:ITEMS_MAX]
    return kept


def bounded(value: Any) -> Any:
    """Numbers and short texts as they are, lists of them item by item; of anything else its type."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if len(value) <= TEXT_MAX else f"{value[:TEXT_MAX]}…"
    if isinstance(value, list | tuple | set | frozenset):
        return [bounded(item) if isinstance(item, str | int) else f"<{type(item).__name__}>" for item in list(value)[:ITEMS_MAX]]
    return f"<{type(value).__name__}>"


def told(error: BaseException) -> dict[str, Any]:
    """What may be said of an exception: its type, the types it came from, its code, and our own places, innermost last."""
    causes: list[str] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < FRAMES_MAX:
        causes.append(type(cause).__qualname__)
        cause = cause.__cause__ or cause.__context__
    code = getattr(error, "code", None)
    said = {"error": type(error).__qualname__, "causes": causes or None, "where": _places(error.__traceback__)}
    return {key: value for key, value in said.items() if value} | ({"code": code} if isinstance(code, str | int) else {})


def foreign(record: logging.LogRecord) -> str:
    """A library's message with only the arguments that cannot be a value; of one that was formatted before, what is not quoted."""
    if not record.args:
        return _QUOTED.sub("…", str(record.msg).partition("\n")[0])
    trusted = record.name.startswith("aiokafka")
    args = record.args if isinstance(record.args, tuple) else (record.args,)
    try:
        return str(record.msg) % tuple(_argument(arg, trusted) for arg in args)
    except (TypeError, ValueError):
        return str(record.msg)


class _Routed(logging.Handler):
    """The standard library's logging, on the same way out."""

    def __init__(self, service: str, out: BinaryIO) -> None:
        super().__init__()
        self._stamp, self._out = _stamp(service), structlog.BytesLogger(out)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            ours = record.name.partition(".")[0] in OURS
            line: Line = {
                "event": record.getMessage() if ours else foreign(record),
                "level": record.levelname.lower(),
                "logger": record.name,
            }
            if record.exc_info and record.exc_info[1]:
                line.update(told(record.exc_info[1]))
            line = self._stamp(None, "", merge_contextvars(None, "", line))
            self._out.msg(_render(None, "", allowed(None, "", line)))
        except Exception:
            self._out.msg(b'{"level":"error","event":"a log line could not be written"}')


def _stamp(service: str) -> Any:
    clock = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")

    def stamp(logger: Any, method: str, line: Line) -> Line:
        line["service"] = service
        return clock(logger, method, line)

    return stamp


def _exception(logger: Any, method: str, line: Line) -> Line:
    """`exc_info=True` or an exception becomes what may be said of it."""
    given = line.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given else None
    return {**line, **told(error)} if error is not None else line


def _render(logger: Any, method: str, line: Mapping[str, Any]) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_NON_STR_KEYS)


def _argument(value: Any, trusted: bool) -> Any:
    if isinstance(value, int | float):
        return value
    if isinstance(value, BaseException | type):
        return value.__qualname__ if isinstance(value, type) else type(value).__qualname__
    if isinstance(value, TopicPartition):
        return f"{value.topic}:{value.partition}"
    if isinstance(value, set | frozenset | list | tuple) and value and all(isinstance(item, TopicPartition) for item in value):
        return ", ".join(f"{item.topic}:{item.partition}" for item in list(value)[:ITEMS_MAX])
    return value if trusted and isinstance(value, str) and _NAME.fullmatch(value) else "…"


def _places(traceback: TracebackType | None) -> list[str]:
    places = []
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] in OURS:
            places.append(f"{module}:{traceback.tb_lineno} {traceback.tb_frame.f_code.co_name}")
        traceback = traceback.tb_next
    return places[-FRAMES_MAX:]


def _uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    structlog.get_logger("uncaught").critical("uncaught exception", exc_info=error)
