"""Stored JSON back to our plain values: what ``columns.canonical`` wrote, read by the values' own types.

A field that the JSON does not have takes its default, and one that the value no longer has is dropped,
so that a decision stored by an older version of the program can still be looked at.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def restored(kind: type[T], value: Any) -> T:
    """The value of a type from its JSON; raises ValueError or TypeError when the JSON cannot be one."""
    return cast(T, _restored(kind, value))


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _restored(kind: Any, value: Any) -> Any:
    if kind is Any or kind is object:
        return value
    if is_dataclass(kind):
        return _dataclass(cast(type[Any], kind), value)
    if kind in (datetime, date):
        return _time(kind, value)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, value)
    if origin is Literal:
        return _literal(arguments, value)
    if origin in (tuple, frozenset, list):
        return _several(origin, arguments, value)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _restored(arguments[1], each) for key, each in _of(dict, value).items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _plain(kind, value)


def _dataclass(kind: type[Any], value: Any) -> Any:
    value = _of(dict, value)
    hints = _hints(cast(Any, kind))
    known = {each.name: each for each in fields(kind) if each.init}
    for name, each in known.items():
        if name not in value and each.default is MISSING and each.default_factory is MISSING:
            raise ValueError(f"{kind.__name__} without {name}")
    return kind(**{name: _restored(hints[name], value[name]) for name in known if name in value})


def _time(kind: Any, value: Any) -> Any:
    return kind.fromisoformat(_of(str, value))


def _one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    """The first of several types that the value can be; None stands for itself."""
    for kind in kinds:
        if kind is type(None):
            if value is None:
                return None
            continue
        try:
            return _restored(kind, value)
        except (TypeError, ValueError):
            continue
    raise ValueError(f"{value!r} is none of {kinds}")


def _literal(allowed: tuple[Any, ...], value: Any) -> Any:
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {allowed}")
    return value


def _several(origin: Any, arguments: tuple[Any, ...], value: Any) -> Any:
    value = _of(list, value)
    if origin is tuple and arguments[-1] is not Ellipsis:
        if len(arguments) != len(value):
            raise ValueError(f"{len(value)} values where {len(arguments)} belong")
        return tuple(_restored(kind, each) for kind, each in zip(arguments, value, strict=True))
    return origin(_restored(arguments[0], each) for each in value)


def _plain(kind: Any, value: Any) -> Any:
    """A word of an enumeration, or a value that JSON has a form for."""
    if isinstance(value, kind):
        return value
    if issubclass(kind, str) and isinstance(value, str):
        return kind(value)
    raise TypeError(f"{value!r} is no {kind.__name__}")


def _of(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
