"""`python -m deploy.errors`: docs/errors.md, the list of every stable code, read from the source itself."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "errors.md"
PLACES = ("contracts", "infra", "services", "deploy")
SELF = Path(__file__)
WORDS = {"Problem": ("code", "what", "why", "fix"), "Answer": ("code", "what", "why", "fix"), "Reason": ("code", "pointer", "fix")}
WORDS["_cause"] = ("code", "weight", "what", "fix")
PLAIN = {
    "TL-1502": "this path does not take that method",
    "TL-1503": "the body is too large",
    "TL-1504": "the body must be application/json, not compressed",
    "TL-1505": "the service cannot take this now; the answer says when to try again",
    "TL-1506": "the request cannot be answered as it was sent",
    "TL-4001": "deciding on a message raised; its aggregate is parked",
    "TL-4002": "the item is parked, or was kept behind one that is",
    "TL-4003": "one of our own events does not fit its contract",
    "TL-4004": "one of our own events says neither subject nor sequence",
    "TL-4005": "a fact no longer fits its topic",
    "TL-4006": "too many entries of one message would have to be held",
    "TL-4101": "a sequence of an aggregate's facts has a gap",
    "TL-4102": "a stored state is not the fold of its facts",
    "TL-5101": "nothing is known under this reference",
    "TL-5102": "the referral was withdrawn",
    "TL-5103": "that is not possible now",
    "TL-5104": "there is no such item",
}
"""What the codes mean that stand in the source without a sentence."""
SEVERAL_WORDS = {"TL-1301", "TL-1401", "TL-1501", "TL-2001", "TL-2006", "TL-2011"}
"""One thing each, said in several words."""
HEAD = """# Errors

Every error says what happened, where, why and what to do next, under a stable code; never a value that may be somebody's. This page is
written by `python -m deploy.errors` from the source.

| code | what | what to do | said by |
|---|---|---|---|
"""


Meaning = tuple[str, str]
"""What happened, and what to do."""


def found() -> dict[str, dict[Meaning, set[str]]]:
    """Code → what it means → the modules that say so. A good code has one meaning."""
    said: dict[str, dict[Meaning, set[str]]] = {}
    named: dict[str, set[str]] = {}
    for place in PLACES:
        for path in sorted(set((ROOT / place).rglob("*.py")) - {SELF}):
            for code, what, fix in _said(ast.parse(path.read_text("utf-8"))):
                module = path.relative_to(ROOT).as_posix()
                named.setdefault(code, set()).add(module)
                if what or fix:
                    said.setdefault(code, {}).setdefault((what, fix), set()).add(module)
    plain = {code: {(PLAIN.get(code, ""), ""): modules} for code, modules in named.items() if code not in said}
    return _with_words(said) | plain


def _with_words(said: dict[str, dict[Meaning, set[str]]]) -> dict[str, dict[Meaning, set[str]]]:
    """A refusal says what to do; what happened stands in PLAIN."""
    return {
        code: {(what or PLAIN.get(code, ""), fix): modules for (what, fix), modules in meanings.items()} for code, meanings in said.items()
    }


def used_twice() -> set[str]:
    """Codes under which two different things are said."""
    return {code for code, meanings in found().items() if len({what or fix for what, fix in meanings}) > 1} - SEVERAL_WORDS


def _said(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Codes with the words beside them; a code that stands alone (a constant) is listed without."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_code(node.value):
            yield node.value, "", ""
        if isinstance(node, ast.Call) and (named := _words(node)) and _is_code(named.get("code", "")):
            what = named.get("what", "")
            yield named["code"], what if any(map(str.isalpha, what)) else "", named.get("fix", "")


def _is_code(text: str) -> bool:
    return len(text) == 7 and text.startswith("TL-") and text[3:].isdecimal()


def _words(call: ast.Call) -> dict[str, str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    order = WORDS.get(name, ("code", "what", "why", "fix") if name == "__init__" else ())
    if name and not order and call.args and _is_code(_text(call.args[0])):
        order = ("code", "what", "fix")
    given = dict(zip(order, map(_text, call.args), strict=False))
    return given | {word.arg: _text(word.value) for word in call.keywords if word.arg}


def _text(node: ast.expr) -> str:
    """A literal, or a formatted one with its values as …"""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def page() -> str:
    rows = [
        f"| {code} | {what} | {fix} | {', '.join(sorted(modules))} |"
        for code, meanings in sorted(found().items())
        for (what, fix), modules in sorted(meanings.items())
    ]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"wrote {PAGE.relative_to(ROOT)}\n")
