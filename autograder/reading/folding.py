"""Folds what of an expression is a constant text, however it is put together; nothing of the notebook's is executed."""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import math
from collections.abc import Callable

_LONGEST = 1_000_000
# Methods of a text that give another one of no more than a few times its length.
_METHODS = {
    *("capitalize", "casefold", "lower", "lstrip", "removeprefix", "removesuffix", "replace"),
    *("rstrip", "strip", "swapcase", "title", "upper"),
}
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "b64decode": base64.b64decode,
    "b32decode": base64.b32decode,
    "b16decode": base64.b16decode,
    "a85decode": base64.a85decode,
    "b85decode": base64.b85decode,
    "unhexlify": binascii.unhexlify,
}


def folded(node: ast.AST) -> str | None:
    """Return the text that an expression of constants gives; None if it is none."""
    try:
        text = _folded(node)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None
    return text if isinstance(text, str) and len(text) <= _LONGEST else None


def _folded(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(op=ast.Add()):
            left, right = folded(node.left), folded(node.right)
            return None if left is None or right is None else left + right
        case ast.BinOp(op=ast.Mod(), left=form, right=given):
            return _formed(folded(form), given)
        case ast.JoinedStr():
            parts = [folded(part) for part in node.values]
            return None if None in parts else "".join(map(str, parts))
        case ast.FormattedValue():
            return folded(node.value)
        case ast.Subscript(value=inner, slice=ast.Slice(lower=None, upper=None, step=step)):
            whole = folded(inner)
            is_reversal = step is not None and ast.unparse(step) == "-1"
            return whole[::-1] if whole is not None and is_reversal else None
        case ast.Call():
            return _of_call(node)
    return None


def _of_call(node: ast.Call) -> str | None:
    match node:
        case ast.Call(func=ast.Name(id="chr"), args=[ast.Constant(value=int(number))]):
            return chr(number)
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return folded(inner)
        case ast.Call(func=ast.Attribute(value=glue, attr="join"), args=[items]):
            return _joined(folded(glue), items)
        case ast.Call(
            func=ast.Attribute(attr="decode"), args=[inner, ast.Constant(value="rot13" | "rot_13")]
        ):
            text = folded(inner)
            return None if text is None else codecs.encode(text, "rot13")
        case ast.Call(func=ast.Attribute(value=inner, attr="decode")):
            data = _bytes(inner)
            return None if data is None else data.decode()
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=given) if name in _METHODS:
            text, texts = folded(inner), [folded(one) for one in given]
            if text is None or None in texts or _product([text, *map(str, texts)]) > _LONGEST:
                return None
            changed = getattr(text, name)(*texts)
            return changed if isinstance(changed, str) else None
    return None


def _joined(between: str | None, items: ast.AST) -> str | None:
    match items:
        case ast.List() | ast.Tuple():
            texts = [folded(part) for part in items.elts]
        case ast.Call(func=ast.Name(id="reversed"), args=[inner]):
            text = folded(inner)
            texts = [None] if text is None else list(reversed(text))
        case ast.Call(
            func=ast.Name(id="map"), args=[ast.Name(id="chr"), ast.List() | ast.Tuple() as codes]
        ):
            numbers = [one.value for one in codes.elts if isinstance(one, ast.Constant)]
            texts = [chr(one) if isinstance(one, int) else None for one in numbers]
        case _:
            return None
    known = [text for text in texts if text is not None]
    if between is None or len(known) != len(texts) or len(between) * len(known) > _LONGEST:
        return None
    return between.join(known)


def _product(texts: list[str]) -> int:
    """Bound what a method can make of these."""
    return math.prod(len(text) + 1 for text in texts)


def _formed(form: str | None, given: ast.AST) -> str | None:
    if form is None or form.count("%") != form.count("%s"):
        return None
    items = given.elts if isinstance(given, ast.Tuple) else [given]
    texts = [folded(one) for one in items]
    return None if None in texts else form % tuple(texts)


def _bytes(node: ast.AST) -> bytes | None:
    match node:
        case ast.Constant(value=bytes(data)):
            return data
        case ast.Call(func=ast.Name(id="bytes"), args=[ast.List() | ast.Tuple() as codes]):
            return bytes(one.value for one in codes.elts if isinstance(one, ast.Constant))  # type: ignore[misc]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="bytes"), attr="fromhex"), args=[inner]):
            text = folded(inner)
            return None if text is None else bytes.fromhex(text)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[inner]) if (
            name in _DECODERS
        ):
            text = folded(inner)
            given = _bytes(inner) if text is None else text.encode()
            return None if given is None else _DECODERS[name](given)
    return None
