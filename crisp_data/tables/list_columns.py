"""Arrow lists as tuples: what pandas can compare, group by and explode.

pandas cannot find doubles among Arrow lists, Python lists or arrays, and refuses the Parquet file
that it has written of Arrow lists. Tuples are hashable, and any reader takes them for lists.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def is_plain_list(kind: pa.DataType) -> bool:
    """Tell whether these are lists of text, numbers or flags, which a frame holds as tuples."""
    types = pa.types
    if not (types.is_list(kind) or types.is_large_list(kind)):
        return False
    inner = kind.value_type
    text = types.is_string(inner) or types.is_large_string(inner)
    number = types.is_integer(inner) or types.is_float32(inner) or types.is_float64(inner)
    return bool(text or number or types.is_boolean(inner))


def tuples(lists: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Give each list as a tuple and a missing one as None; equal lists are one object.

    Lists repeat. So each is written as the numbers of its values ("0,7"), which Arrow encodes as
    a dictionary, and only different ones become objects: a tenth of the time of ``to_pylist``.
    """
    column = lists.combine_chunks()
    lengths = pc.fill_null(column.value_lengths(), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.append(0, np.cumsum(lengths)), pa.int64())
    values = column.flatten().dictionary_encode()
    items = [*values.dictionary.to_pylist(), None]
    numbers = pa.array([str(number) for number in range(len(items))], pa.string())
    # A null within a list has the last number, or the whole list would be null to binary_join.
    named = numbers.take(pc.fill_null(values.indices, len(items) - 1))
    gaps = column.is_null() if column.null_count else None
    written = pc.binary_join(pa.LargeListArray.from_arrays(offsets, named, mask=gaps), ",")
    keys = written.dictionary_encode()
    different = np.empty(len(keys.dictionary) + 1, object)
    different[:-1] = [_read(key, items) for key in keys.dictionary.to_pylist()]
    # What is missing has the place -1, which takes the last: None.
    places: npt.NDArray[np.int32] = pc.fill_null(keys.indices, -1).to_numpy(zero_copy_only=False)
    return different[places]


def _read(key: str, items: list[Any]) -> tuple[Any, ...]:
    return tuple(items[int(number)] for number in key.split(",")) if key else ()
