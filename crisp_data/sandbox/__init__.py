"""A Crisp REST API on loopback, with seeded data and no key.

Independent of the rest of the package, so that it cannot share the client's misreadings.

Examples
--------
>>> from crisp_data.sandbox import Sandbox
>>> with Sandbox(seed=1, conversations=30) as sandbox:
...     sandbox.stats()["requests"]
0
"""

from .sandbox import Sandbox

__all__ = ["Sandbox"]
