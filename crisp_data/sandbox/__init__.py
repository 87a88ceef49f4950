"""A Crisp REST API on loopback, with seeded data and no key.

Independent of the rest of the package, so that it cannot share the client's misreadings.

It answers all 229 documented operations. What it does not imitate: real-time events, and with them
uploads, searches for animations, the other side of calls and of browsing; whatever happens outside
the API, such as e-mails, imports and exports of files (accepted, and noted in
``truth("dispatched")``); passwords, prices and what plans allow; filters and splits of analytics;
the campaigns' own schedule.

Examples
--------
>>> from crisp_data.sandbox import Sandbox
>>> with Sandbox(seed=1, conversations=30) as sandbox:
...     sandbox.stats()["requests"]
0
"""

from .sandbox import Sandbox

__all__ = ["Sandbox"]
