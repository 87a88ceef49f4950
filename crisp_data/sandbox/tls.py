"""A certificate of the sandbox's own, so that HTTPS can be tried on loopback."""

from __future__ import annotations

import os
import shutil
import ssl
import weakref
from pathlib import Path
from tempfile import mkdtemp

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
        folder = mkdtemp(prefix="crisp-sandbox-")
        weakref.finalize(self, _remove, folder, os.getpid())
        path = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(path))
        self.ca = str(path)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(self.context)


def _remove(folder: str, pid: int) -> None:
    if os.getpid() == pid:  # not a forked child, which ends before the sandbox does
        shutil.rmtree(folder, ignore_errors=True)
