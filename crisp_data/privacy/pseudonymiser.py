"""What learns from frames and makes frames private."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from email.utils import parseaddr
from functools import partial
from typing import Any, Self

import pandas as pd

from crisp_data import config
from crisp_data.arguments import check_frame, check_names
from crisp_data.errors import BadParameter
from crisp_data.plurals import count
from crisp_data.privacy.column_roles import role_of, roles_of
from crisp_data.privacy.derived import contents, previews
from crisp_data.privacy.folding import fold, readings
from crisp_data.privacy.known_values import Known
from crisp_data.privacy.patterns import look, spans
from crisp_data.privacy.scrub import Scrubber
from crisp_data.privacy.series import private, texts_of, whole_numbers_of
from crisp_data.privacy.tokens import Tokens
from crisp_data.tables import TABLES

_SEARCHED = ("person", "email", "phone", "address", "ip", "link", "session", "id")
# Who an operator is: the columns, and those that do so where the row is an operator's.
_OPERATORS = ("assigned_user_id", "sender_user_id", "mentions", "operators", "team_operators")
_WRITER = ("nickname", "user_id", "avatar")
_DECLARED = {column.name for table in TABLES.values() for column in table.declared}
_OF_OPERATOR = ("user_id", "first_name", "last_name", "avatar")


def pseudonymiser(private: Any) -> Pseudonymiser | None:
    """Read what is given as ``private=``.

    Parameters
    ----------
    private : bool, None or Pseudonymiser
        True takes the key from CRISP_PRIVACY_KEY, or a random one with a warning.

    Returns
    -------
    Pseudonymiser or None
        None where nothing is to be made private.

    Raises
    ------
    BadParameter
        It is something else.
    """
    if isinstance(private, Pseudonymiser):
        return private
    if private is None or private is False:
        return None
    if private is not True:
        raise BadParameter(
            f"private must be True, False or a Pseudonymiser, not a {type(private).__name__}.",
            "With a key of your own: private=crisp.privacy.Pseudonymiser(key).",
        )
    return Pseudonymiser(config.privacy_key())


class Pseudonymiser:
    """Makes frames private that belong together.

    Every frame teaches it names, phones and the like, which are then found in the texts of all
    frames that come after: so learn from all of them first.

    Parameters
    ----------
    key : str or bytes, optional
        As in :func:`pseudonymise`.
    allow : Collection[str], optional
        As in :func:`pseudonymise`.
    keep_operators : bool, default False
        As in :func:`pseudonymise`.

    Raises
    ------
    BadParameter
        ``allow`` is no list of texts, or the key is too short.

    Examples
    --------
    >>> from crisp_data.privacy import Pseudonymiser
    >>> conversations = ws.conversations(limit=5)
    >>> messages = ws.messages(conversations)
    >>> maker = Pseudonymiser("not-for-production").learn(conversations, messages)
    >>> set(maker.frame(messages)["session_id"]) == set(maker.frame(conversations)["session_id"])
    True
    >>> maker.report().columns.tolist()
    ['column', 'kind', 'found']
    """

    def __init__(
        self,
        key: str | bytes | None = None,
        *,
        allow: Collection[str] = (),
        keep_operators: bool = False,
    ) -> None:
        if isinstance(allow, str):
            raise BadParameter(
                "allow must be a list, not one text.", f"Pass a list of keys: allow=[{allow!r}]."
            )
        allow = check_names("allow", allow)
        self._known = Known()
        self._scrubber = Scrubber(Tokens(key), self._known, allow)
        self._keep_operators = keep_operators
        self._found = defaultdict[str, Counter[str]](Counter)
        self._seen: set[tuple[str, str]] = set()

    def learn(self, *frames: pd.DataFrame) -> Self:
        """Remember the personal values of frames, to find them in any text.

        Parameters
        ----------
        *frames : pandas.DataFrame
            Frames of any table.

        Returns
        -------
        Self
            This object, so that calls can be chained.
        """
        for frame in frames:
            check_frame(frame)
            keep = self._operators(frame)
            bots, website = _rows(frame, "automated", True), _rows(frame, "user_type", "website")
            for column, role in _columns(frame):
                if role not in _SEARCHED:
                    continue
                # Where the website itself writes, its name is no secret and no person's.
                taken = ~(website | keep.get(column.name, website))
                self._learn(column[taken], role, bots[taken])
            for place, name in enumerate(frame.columns.names):
                named = _personal_role(name)
                if named is not None and named in _SEARCHED:
                    level = pd.Series(frame.columns.get_level_values(place))
                    self._learn(level, named, level.isna())
        return self

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame made private; its own values are remembered first.

        Parameters
        ----------
        frame : pandas.DataFrame
            A table's frame or any other; it is not changed.

        Returns
        -------
        pandas.DataFrame
            The same columns, dtypes, rows and index.
        """
        self.learn(frame)
        result = frame.copy()
        result.attrs = {}
        keep = self._operators(frame)
        labels = self._labels(frame.columns)
        for place, role in enumerate(roles_of(list(frame.columns))):
            column = frame.iloc[:, place]
            found = self._found[str(labels[place])]
            made = private(column, role, self._scrubber, found)
            if column.name in keep:
                made = made.mask(keep[column.name], column)
            # As a Series: of an array of objects pandas would make a column of text.
            result.isetitem(place, made)  # type: ignore[arg-type]  # the stubs know no Series
        if _has(frame, "content", "content_json"):
            result["content"] = contents(result)
        if _has(frame, "preview_type", "preview_excerpt", "last_message"):
            for name, values in previews(frame, result, self._scrubber):
                result[name] = values
        result.index, result.columns = self._index(frame.index), labels
        return result

    def report(self) -> pd.DataFrame:
        """Count what was found so far, without a value of it.

        Returns
        -------
        pandas.DataFrame
            One row for each column and kind: ``column`` and ``kind`` (str), ``found`` (Int64),
            how many values or pieces of text were replaced; the kind ``drop`` is what was
            removed, and ``place`` what was rounded.

        Examples
        --------
        >>> from crisp_data.privacy import Pseudonymiser
        >>> maker = Pseudonymiser("not-for-production")
        >>> _ = maker.frame(pd.DataFrame({"phone": ["0612345678", None]}))
        >>> maker.report().values.tolist()
        [['phone', 'phone', 1]]
        """
        rows = [
            (column, kind, count)
            for column, kinds in self._found.items()
            for kind, count in sorted(kinds.items())
            if count
        ]
        report = pd.DataFrame(rows, columns=["column", "kind", "found"])
        return report.astype({"column": "str", "kind": "str", "found": "Int64"})

    def __repr__(self) -> str:
        """Say how much it knows, and nothing of it."""
        return f"<Pseudonymiser that knows {count(len(self._known), 'value')}>"

    def _learn(self, column: pd.Series[Any], role: str, bots: pd.Series[Any]) -> None:
        for value in [*texts_of(column), *(whole_numbers_of(column) if role == "phone" else ())]:
            if (role, value) in self._seen:
                continue
            self._seen.add((role, value))
            looks = look(value)
            # What reads as a card or another long number is a phone where its column says so.
            if role == "phone" and (looks is None or looks.kind in ("phone", "card", "number")):
                self._known.phones.add(fold(value))
            if looks is not None:  # found by its form
                self._known.add_found(looks)
                continue
            for form in readings(value):
                self._known.add(role, value, form.text)
                for span in spans(form.text):
                    self._known.add_found(span)
            if role == "email" and (name := parseaddr(value)[0]):  # "Anna Müller <anna@x.example>"
                self._known.add("person", name)
                self._known.add_name(name)
        if role == "person":
            # Parts of names are looked for, too: "Hi Emma". A bot's are words of its own trade.
            for value in texts_of(column[~bots]):
                if ("part", value) in self._seen or look(value) is not None:
                    continue
                self._seen.add(("part", value))
                for form in readings(value):
                    self._known.add_name(value, form.text)

    def _labels(self, columns: pd.Index[Any]) -> pd.Index[Any]:
        """Make names of columns private: a pivot by people has theirs."""
        if isinstance(columns, pd.RangeIndex):
            return columns
        made = []
        for place, name in enumerate(columns.names):
            level, found = columns.get_level_values(place), Counter[str]()
            if (role := _personal_role(name)) is not None:
                values = pd.Series(level, dtype=level.dtype)
                made.append(pd.Index(private(values, role, self._scrubber, found)))
            else:
                made.append(level.map(partial(self._label, found=found)))
            self._found[str(name or "columns")].update(found)
        return _rebuilt(columns, made)

    def _label(self, label: Any, found: Counter[str]) -> Any:
        if not isinstance(label, str) or label in _DECLARED:
            return label
        return self._scrubber.label(label, found)

    def _index(self, index: pd.Index[Any]) -> pd.Index[Any]:
        if isinstance(index, pd.RangeIndex):
            return index
        names, levels = list(index.names), index.to_frame(index=False)
        made = []
        for place, role in enumerate(roles_of(names)):
            found = self._found[str(names[place] or "index")]
            made.append(pd.Index(private(levels.iloc[:, place], role, self._scrubber, found)))
        return _rebuilt(index, made)

    def _operators(self, frame: pd.DataFrame) -> dict[Any, pd.Series[Any]]:
        """Tell, by column, the rows in which an operator stays who they are."""
        if not self._keep_operators:
            return {}
        everywhere = pd.Series(True, index=frame.index)
        theirs: dict[Any, pd.Series[Any]] = dict.fromkeys(_OPERATORS, everywhere)
        if "from" in frame:
            theirs |= dict.fromkeys(_WRITER, _rows(frame, "from", "operator"))
        elif {"user_id", "first_name"} <= set(frame.columns):
            theirs |= dict.fromkeys(_OF_OPERATOR, everywhere)
        return {name: rows for name, rows in theirs.items() if name in frame}


def _rebuilt(index: pd.Index[Any], levels: list[Any]) -> pd.Index[Any]:
    """Put new levels into an index; one that is still the same stays the object it is."""
    if index.nlevels > 1:
        return pd.MultiIndex.from_arrays(levels, names=index.names)
    return index if levels[0].equals(index) else levels[0].rename(index.names[0])


def _has(frame: pd.DataFrame, *names: str) -> bool:
    """Tell whether each of these is one column, neither several nor a level of them."""
    labels = list(frame.columns)
    return all(labels.count(name) == 1 for name in names)


def _personal_role(name: object) -> str | None:
    """Return the role of a level's labels by its name, where they are personal."""
    role = role_of(name)
    return None if name is None or role in ("text", "keep", "json", "free") else role


def _columns(frame: pd.DataFrame) -> list[tuple[pd.Series[Any], str]]:
    """Return every column and index level with its role."""
    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    if not isinstance(frame.index, pd.RangeIndex):
        levels = frame.index.to_frame(index=True)
        columns += [levels.iloc[:, place] for place in range(levels.shape[1])]
    return list(zip(columns, roles_of([column.name for column in columns]), strict=True))


def _rows(frame: pd.DataFrame, name: str, value: object) -> pd.Series[Any]:
    if not _has(frame, name):
        return pd.Series(False, index=frame.index)
    return (frame[name] == value).fillna(False).astype(bool)
