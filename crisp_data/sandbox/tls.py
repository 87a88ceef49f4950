"""A certificate of the sandbox's own, so that HTTPS can be tried on loopback."""

from __future__ import annotations

import ssl
import weakref
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme


class Certificate:
    """A certificate for 127.0.0.1 and the file of the authority that signed it.

    Attributes
    ----------
    ca : str
        Path of the authority's certificate (PEM), removed with this object.
    context : ssl.SSLContext
        What the server speaks with.
    """

    def __init__(self) -> None:
        authority = trustme.CA()
        self._folder = TemporaryDirectory(prefix="crisp-sandbox-")
        weakref.finalize(self, self._folder.cleanup)
        path = Path(self._folder.name) / "ca.pem"
        authority.cert_pem.write_to_path(str(path))
        self.ca = str(path)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(self.context)
