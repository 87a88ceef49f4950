"""A column with its values replaced: same dtype, same order, same index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api import types

from crisp_data.privacy.known_phones import LONG_PHONE
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
    if isinstance(kind, pd.CategoricalDtype):
        return _categories(column, role, scrubber, found)
    if types.is_numeric_dtype(kind):
        return _numbers(column, role, scrubber, found)
    make = partial(scrubber.value, role)
    if _is_text(kind):
        return _texts(column, make, found)
    return like(column, [make(value, found) for value in column.tolist()])


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
    values = []
    for value, times in zip(different, np.bincount(codes[codes >= 0]).tolist(), strict=True):
        counted: Found = Counter()
        values.append(make(value, counted))
        for kind, count in counted.items():
            found[kind] += count * times
    # What is missing has the code -1, which takes the last.
    return like(column, np.array([*values, None], dtype=object)[codes])


def _categories(
    column: pd.Series[Any], role: str, scrubber: Scrubber, found: Found
) -> pd.Series[Any]:
    """Replace the categories, unused ones too; what they held counts as often as it occurs."""
    known = pd.Series(column.cat.categories)
    values = private(known, role, scrubber, Counter())
    if values.equals(known):
        return column
    private(column.dropna().astype(known.dtype), role, scrubber, found)
    new = pd.Index(values.dropna()).unique()
    codes = np.append(new.get_indexer(pd.Index(values)), -1)[column.cat.codes.to_numpy()]
    array = pd.Categorical.from_codes(codes, categories=new, ordered=column.cat.ordered)
    return pd.Series(array, index=column.index, name=column.name)


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
    return like(column, [made.get(value) for value in column.tolist()])


def _known_phones(column: pd.Series[Any], scrubber: Scrubber, found: Found) -> pd.Series[Any]:
    """Put keyed numbers for phones that stand in a column of another name.

    By its form no number is a phone: fingerprints and times have as many digits.
    """
    phones = [int(phone) for phone in scrubber.known.phones.whole if len(phone) >= LONG_PHONE]
    theirs = column.isin(phones)
    if not theirs.any():
        return column
    private = column.copy()
    private[theirs.to_numpy()] = _numbers(column[theirs], "phone", scrubber, found).array
    return private


def like(column: pd.Series[Any], values: Any) -> pd.Series[Any]:
    """Give a column other values, its dtype, index and name as they are.

    Lists of numbers, maps and intervals hold no tokens: such a column becomes one of objects.
    """
    new = list(values)
    try:
        return pd.Series(new, index=column.index, name=column.name, dtype=column.dtype)
    except (pa.ArrowException, TypeError, ValueError):
        return pd.Series(new, index=column.index, name=column.name, dtype=object)


def _is_text(kind: Any) -> bool:
    return bool(types.is_string_dtype(kind) and not types.is_object_dtype(kind))


def _is_time(kind: Any) -> bool:
    return bool(types.is_datetime64_any_dtype(kind) or types.is_timedelta64_dtype(kind))
