"""One message for each row of a frame: a template with the frame's columns for names.

Jinja2 in its sandbox: a template may come from a form, and must reach nothing but the row. It
is strict about names, and plain text: nothing is escaped, for nothing here is HTML.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pandas as pd
from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crisp_data import outgoing
from crisp_data.errors import BadParameter, InvalidMessage

# What a template could reach beside its row is taken away: a column that is misspelt "lipsum"
# would otherwise be nonsense that is sent, and what is drawn by lot is not what was shown.
_jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
_jinja.globals.clear()
del _jinja.filters["random"]

# A column in one pair of braces: Python's own way, and none of Jinja's.
_PYTHON = re.compile(r"(?<!\{)\{ *([^{}]+?) *\}(?!\})")
_HALF = re.compile(r"[\ud800-\udfff]")  # where a program cut an emoji in two; no frame holds it
_EXACT = 2**53  # beyond it a float does not hold every whole number
_QUOTED = re.compile(r"'([^']*)'")  # 'plan' is undefined; 'dict object' has no attribute 'plan'


def render(frame: pd.DataFrame, template: str | outgoing.Message) -> pd.DataFrame:
    """Render a template for each row; spends nothing.

    Parameters
    ----------
    frame : DataFrame
        With ``session_id``, and the columns that the template names.
    template : str or Message
        Jinja2. A message's texts are templates too, whatever its type.

    Returns
    -------
    DataFrame
        With the frame's index: ``session_id``, ``text`` (what was rendered; a content that is
        not text as JSON) and ``reason``, empty or why there is no text: ``empty``, or
        ``missing: ...`` where a value is.

    Raises
    ------
    BadParameter
        No ``session_id``; a template that cannot be read, or a name that is no column.

    Examples
    --------
    >>> from crisp_data import outbox
    >>> frame = pd.DataFrame({"session_id": ["session_1", "session_2"], "plan": ["Pro", None]})
    >>> outbox.render(frame, "Your plan is {{ plan }}.")
      session_id               text         reason
    0  session_1  Your plan is Pro.
    1  session_2                     missing: plan
    >>> outbox.render(frame, "{{ plan | default('Your plan') }} ends.")["text"].tolist()
    ['Pro ends.', 'Your plan ends.']
    """
    filled = fill(frame, template)
    texts = [text_of(message) for message, _ in filled]
    return as_frame(frame, texts, [reason for _, reason in filled])


def as_frame(frame: pd.DataFrame, texts: list[str], reasons: list[str]) -> pd.DataFrame:
    """Give for each row of a frame what is written to whom, or why nothing is.

    Parameters
    ----------
    frame : pandas.DataFrame
        Has ``session_id``.
    texts : list[str]
        What is written, row by row.
    reasons : list[str]
        Why nothing is, row by row.

    Returns
    -------
    pandas.DataFrame
        With the frame's index.
    """
    columns = {"session_id": frame["session_id"], "text": texts, "reason": reasons}
    return pd.DataFrame(columns, index=frame.index).astype("str")


def fill(
    frame: pd.DataFrame, template: str | outgoing.Message
) -> list[tuple[outgoing.Message | None, str]]:
    """Give for each row its message, or None and the reason why there is none."""
    check_template(frame, template)
    filled = [_message(template, _known(row)) for row in frame.to_dict("records")]
    return [(None, one) if isinstance(one, str) else (one, "") for one in filled]


def check_template(frame: pd.DataFrame, template: str | outgoing.Message) -> None:
    """Refuse a frame or a template from which no message can be made.

    Parameters
    ----------
    frame : pandas.DataFrame
        Who is to be written to.
    template : str or outgoing.Message
        What is to be written.

    Raises
    ------
    BadParameter
        The frame lacks ``session_id`` or a column that the template names, or the template
        cannot be read.
    """
    if not isinstance(frame, pd.DataFrame) or "session_id" not in frame:
        raise BadParameter(
            "The messages need a frame with a column session_id.",
            "Pass what ws.conversations() returned, or a part of it.",
        )
    if not frame.columns.is_unique:
        raise BadParameter("Two columns of the frame have the same name.", "Rename one of them.")
    of_messages = {"fingerprint", "from", "type"} <= set(frame.columns)
    if of_messages and frame["session_id"].duplicated().any():
        raise BadParameter(
            "The frame has several rows for one conversation, so nickname is the writer "
            "of each message.",
            "Pass ws.conversations(), or one row per conversation: "
            "messages.groupby('session_id').tail(1).",
        )
    if not isinstance(template, (str, outgoing.Message)):
        raise BadParameter("The template must be a string or a message of crisp_data.outgoing.")
    for text in _texts(template):
        try:
            _compiled(text)
            parsed = _jinja.parse(text)
        except TemplateSyntaxError as error:
            words = (error.message or "").rstrip(".")
            raise BadParameter(
                f"The template cannot be read, line {error.lineno}: {words}.",
                "Templates are Jinja2: {{ nickname }} inserts the value of a column. A "
                "column name must be one word; rename others.",
            ) from None
        for piece in parsed.find_all(nodes.TemplateData):
            for name in _PYTHON.findall(piece.data):
                if name in frame.columns:
                    raise BadParameter(
                        f"{{{name}}} would be sent to the customer unchanged.",
                        f"Write {{{{ {name} }}}} with two braces to insert a column's value.",
                    )
        for name in sorted(find_undeclared_variables(parsed) - set(frame.columns)):
            near = difflib.get_close_matches(name, map(str, frame.columns), 1)
            raise BadParameter(
                f"The template uses {name}, which is not a column of the frame.",
                f"Did you mean {near[0]!r}?" if near else "Add the column, or correct the name.",
            )


def text_of(message: outgoing.Message | None) -> str:
    """Return what a message says; empty where there is none."""
    return "" if message is None else content_text(message.body())


def content_text(body: Mapping[str, Any]) -> str:
    """Return a body's text, or its content as JSON."""
    content = body["content"]
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _message(template: str | outgoing.Message, values: Mapping[str, Any]) -> outgoing.Message | str:
    try:
        filled = _fill(template, values)
        if any(_HALF.search(text) for text in _texts(filled)):
            return "invalid: it holds half of a surrogate pair"
        if isinstance(filled, str):
            return outgoing.Text(filled)
        message: outgoing.Message = filled
        return message if text_of(message).strip() else "empty"
    except UndefinedError as error:
        quoted = _QUOTED.findall(error.message or "")
        return f"missing: {quoted[-1] if quoted else error.message}"
    except InvalidMessage as error:
        return "empty" if error.path == ".content" else f"invalid: {error.what}"
    except Exception as error:  # whatever a template does with the values: it is not sent
        return f"template failed: {type(error).__name__}"


def _fill(part: Any, values: Mapping[str, Any]) -> Any:
    """Render every text in a message."""
    if isinstance(part, str):
        return _compiled(part).render(values)
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        found = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
        return dataclasses.replace(
            part, **{name: _fill(value, values) for name, value in found.items()}
        )
    if isinstance(part, Mapping):
        return {name: _fill(value, values) for name, value in part.items()}
    return [_fill(item, values) for item in part] if isinstance(part, (list, tuple)) else part


@lru_cache
def _compiled(text: str) -> Template:
    return _jinja.from_string(text)


def _texts(part: Any) -> list[str]:
    if isinstance(part, str):
        return [part]
    if dataclasses.is_dataclass(part):
        part = [getattr(part, field.name) for field in dataclasses.fields(part)]
    inner = part.values() if isinstance(part, Mapping) else part
    held = inner if isinstance(part, (Mapping, list, tuple)) else ()
    return [text for item in held for text in _texts(item)]


def _known(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Leave out what is missing: so it is undefined, which `default` mends."""
    return {
        str(name): _as_written(value)
        for name, value in row.items()
        if not (pd.api.types.is_scalar(value) and pd.isna(value))
    }


def _as_written(value: Any) -> Any:
    """Give a whole number as one: pandas makes 2.0 of 2 where another row has none, as in a merge.

    Value by value and not column by column, so that a part of the frame says what the whole does.
    """
    whole = isinstance(value, float) and value.is_integer() and abs(value) < _EXACT
    return int(value) if whole else value
