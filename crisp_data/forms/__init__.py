"""Forms in the notebook: thin widgets over plain objects that work without them.

This module is imported with the package, so ipywidgets is not: it takes a third of a second.
"""

from __future__ import annotations


class Forms:
    """The methods of a workspace that open a form."""
