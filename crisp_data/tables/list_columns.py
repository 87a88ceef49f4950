"""Arrow lists as tuples: what pandas can compare, group by and explode.

pandas cannot find doubles among Arrow lists, Python lists or arrays, and refuses the Parquet file
that it has written of Arrow lists. Tuples are hashable, and any reader takes them for lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.tables.kinds import POOL

_USUAL: tuple[tuple[Callable[[pa.DataType], bool], pa.DataType], ...] = (
    (pa.types.is_null, pa.string()),
    (pa.types.is_string_view, pa.large_string()),
    (pa.types.is_float16, pa.float32()),
)


def usual_list(kind: pa.DataType) -> pa.DataType | None:
    """Give the type of the same lists whose values every function of Arrow takes.

    Others write such files: where every list is empty pandas names no type of value.
    None for lists whose type is usual already, and for all else.
    """
    types = pa.types
    if not (types.is_list(kind) or types.is_large_list(kind)):
        return None
    inner = next((usual for holds, usual in _USUAL if holds(kind.value_type)), None)
    if inner is None:
        return None
    return pa.list_(inner) if types.is_list(kind) else pa.large_list(inner)


def is_plain_list(kind: pa.DataType) -> bool:
    """Tell whether these are lists of text, numbers or flags, which a frame holds as tuples."""
    types = pa.types
    if not (types.is_list(kind) or types.is_large_list(kind)):
        return False
    inner = (usual_list(kind) or kind).value_type
    text = types.is_string(inner) or types.is_large_string(inner)
    number = types.is_integer(inner) or types.is_float32(inner) or types.is_float64(inner)
    return bool(text or number or types.is_boolean(inner))


def tuples(lists: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Give each list as a tuple and a missing one as None; equal lists are one object.

    Lists repeat. So each is written as the numbers of its values ("0,7"), which Arrow encodes as
    a dictionary, and only different ones become objects: a tenth of the time of ``to_pylist``.
    """
    lists = lists.cast(pa.list_((usual_list(lists.type) or lists.type).value_type))
    # A single chunk as it is: combining would copy it.
    column = lists.chunk(0) if lists.num_chunks == 1 else lists.combine_chunks(POOL)
    lengths = _filled(_pooled(pc.list_value_length, column), 0)
    offsets = np.append(np.int32(0), np.cumsum(lengths, dtype=np.int32))
    values = _pooled(pc.dictionary_encode, _pooled(pc.list_flatten, column))
    items = [*values.dictionary.to_pylist(), None]
    numbers = pa.array([str(number) for number in range(len(items))], pa.string())
    # A null within a list has the last number, or the whole list would be null to binary_join.
    named = _pooled(pc.take, numbers, pa.array(_filled(values.indices, len(items) - 1)))
    gaps = column.is_null() if column.null_count else None
    written = pa.ListArray.from_arrays(pa.array(offsets), named, pool=POOL, mask=gaps)
    keys = _pooled(pc.dictionary_encode, _pooled(pc.binary_join, written, ","))
    different = np.empty(len(keys.dictionary) + 1, object)
    different[:-1] = [_read(key, items) for key in keys.dictionary.to_pylist()]
    # What is missing has the place -1, which takes the last: None.
    found: npt.NDArray[np.object_] = different[_filled(keys.indices, -1)]
    return found


def _pooled(function: Callable[..., Any], *values: Any) -> Any:
    return function(*values, memory_pool=POOL)


def _filled(numbers: pa.Array, gap: int) -> npt.NDArray[np.int32]:
    """Put a number in the place of nulls, without the 64 bits that a plain one would ask for."""
    filled = _pooled(pc.coalesce, numbers, pa.scalar(gap, pa.int32()))
    found: npt.NDArray[np.int32] = filled.to_numpy(zero_copy_only=False)
    return found


def _read(key: str, items: list[Any]) -> tuple[Any, ...]:
    return tuple(items[int(number)] for number in key.split(",")) if key else ()
