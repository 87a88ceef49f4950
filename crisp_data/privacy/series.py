"""A column with its values replaced: same dtype, same order, same index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from crisp_data.privacy.known_values import LONG_PHONE
from crisp_data.privacy.scrub import Found, Scrubber

_Make = Callable[[Any, Found], Any]


def private(column: pd.Series[Any], role: str, scrubber: Scrubber, found: Found) -> pd.Series[Any]:
    """Return the column made private, and count in ``found`` what was in it.

    Parameters
    ----------
    column : pandas.Series
        The column.
    role : str
        Its role, as in :mod:`crisp_data.privacy.column_roles`.
    scrubber : Scrubber
        Makes single values private.
    found : Found
        Counts by kind what was replaced.

    Returns
    -------
    pandas.Series
        The same dtype and index.
    """
    kind = column.dtype
    if role == "keep" or types.is_bool_dtype(kind) or _is_time(kind):
        return column
    if types.is_numeric_dtype(kind):
        return _numbers(column, role, scrubber, found)

    def make(value: Any, counted: Found) -> Any:
        return scrubber.value(role, value, counted)

    if isinstance(kind, pd.CategoricalDtype):
        if types.is_numeric_dtype(kind.categories.dtype):
            return _numbers_of(column, role, scrubber, found)
        return _categories(column, make, found)
    return (_texts if _is_text(kind) else _objects)(column, make, found)


def texts_of(column: pd.Series[Any]) -> list[str]:
    """Return the different texts that a column holds, those in its lists and categories too."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        values: list[Any] = column.cat.categories.tolist()
    elif types.is_numeric_dtype(kind) or types.is_bool_dtype(kind) or _is_time(kind):
        return []
    else:
        values = (column.dropna().unique() if _is_text(kind) else column).tolist()
    texts: dict[str, None] = {}
    for value in values:
        several = value if isinstance(value, (list, tuple, set, np.ndarray)) else [value]
        texts |= dict.fromkeys(item for item in several if isinstance(item, str))
    return list(texts)


def whole_numbers_of(column: pd.Series[Any]) -> list[str]:
    """Return the different whole numbers that a column holds, as texts."""
    values = (column.cat.categories if hasattr(column, "cat") else column.dropna()).tolist()
    found = (value for value in values if isinstance(value, (int, float, np.integer, Decimal)))
    return list(dict.fromkeys(str(int(value)) for value in found if value == value // 1))


def _texts(column: pd.Series[Any], make: _Make, found: Found) -> pd.Series[Any]:
    """Replace each different text once: messages repeat, and names do all the time."""
    codes, different = pd.factorize(column)
    values, _ = _made(different.tolist(), np.bincount(codes[codes >= 0]), make, found)
    # What is missing has the code -1, which takes the last.
    return _like(column, np.array([*values, None], dtype=object)[codes])


def _categories(column: pd.Series[Any], make: _Make, found: Found) -> pd.Series[Any]:
    known, codes = column.cat.categories.tolist(), column.cat.codes.to_numpy()
    values, changed = _made(known, np.bincount(codes[codes >= 0]), make, found)
    if not changed:
        return column
    kept = list(dict.fromkeys(value for value in values if value is not None))
    places = {value: n for n, value in enumerate(kept)}
    categories = pd.Index(kept, dtype=column.cat.categories.dtype)
    return _recoded(column, categories, [places.get(value, -1) for value in values])


def _recoded(column: pd.Series[Any], categories: pd.Index[Any], places: Any) -> pd.Series[Any]:
    """Replace the categories of a column; ``places`` are those of the old ones among the new."""
    codes = np.array([*places, -1])[column.cat.codes.to_numpy()]
    array = pd.Categorical.from_codes(codes, categories=categories, ordered=column.cat.ordered)
    return pd.Series(array, index=column.index, name=column.name)


def _made(different: list[Any], counts: Any, make: _Make, found: Found) -> tuple[list[Any], bool]:
    """Make each different value private; what it held counts as often as it occurs."""
    occurrences = [*counts.tolist(), *[0] * (len(different) - len(counts))]
    values = []
    for value, times in zip(different, occurrences, strict=True):
        counted: Found = Counter()
        values.append(make(value, counted))
        for kind, count in counted.items():
            found[kind] += count * times
    return values, values != different


def _numbers(column: pd.Series[Any], role: str, scrubber: Scrubber, found: Found) -> pd.Series[Any]:
    """Round coordinates; where numbers are personal put keyed numbers, for no token fits."""
    if role in ("text", "json", "free", "file", "person"):
        return _known_phones(column, scrubber, found)
    present = column.dropna()
    found[role] += len(present)
    if role == "place":
        return column.round(1)
    size = present.to_numpy().dtype if len(present) else np.dtype("int64")
    most = 1 << np.finfo(size if size.kind == "f" else float).nmant
    if size.kind in "iu":
        most = np.iinfo(size).max
    made = {value: scrubber.tokens.number(value) % most for value in present.unique().tolist()}
    return _like(column, [made.get(value) for value in column.tolist()])


def _known_phones(column: pd.Series[Any], scrubber: Scrubber, found: Found) -> pd.Series[Any]:
    """Put keyed numbers for phones that stand in a column of another name.

    By its form no number is a phone: fingerprints and times have as many digits.
    """
    phones = [int(phone) for phone in scrubber.known.phones if len(phone) >= LONG_PHONE]
    theirs = column.isin(phones)
    if not theirs.any():
        return column
    private = column.copy()
    private[theirs.to_numpy()] = _numbers(column[theirs], "phone", scrubber, found).array
    return private


def _numbers_of(
    column: pd.Series[Any], role: str, scrubber: Scrubber, found: Found
) -> pd.Series[Any]:
    """Replace the numbers that are categories."""
    known = pd.Series(column.cat.categories)
    values = _numbers(known, role, scrubber, Counter())
    if values.equals(known):
        return column
    found[role] += int(column.notna().sum())
    kept = pd.Index(values).unique()
    return _recoded(column, kept, kept.get_indexer(pd.Index(values)))


def _objects(column: pd.Series[Any], make: _Make, found: Found) -> pd.Series[Any]:
    return _like(column, [make(value, found) for value in column.tolist()])


def _like(column: pd.Series[Any], values: Any) -> pd.Series[Any]:
    return pd.Series(list(values), index=column.index, name=column.name, dtype=column.dtype)


def _is_text(kind: Any) -> bool:
    return bool(types.is_string_dtype(kind) and not types.is_object_dtype(kind))


def _is_time(kind: Any) -> bool:
    return bool(types.is_datetime64_any_dtype(kind) or types.is_timedelta64_dtype(kind))
