"""Forms in the notebook: thin widgets over plain objects that work without them.

This module is imported with the package, but its classes only when they are used: ipywidgets
takes a third of a second.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crisp_data.forms.broadcast import Broadcast
    from crisp_data.forms.compose import Compose
    from crisp_data.forms.explore import Explore
    from crisp_data.forms.login import Login

__all__ = ["Broadcast", "Compose", "Explore", "Login"]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__


def __getattr__(name: str) -> Any:
    """Import a form from the module of its name."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{name.lower()}"), name)
