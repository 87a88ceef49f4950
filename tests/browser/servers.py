"""A page server and a browser, as programs: found, started, waited for, ended."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import requests

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium():
    """The browser's program, or None."""
    named = os.environ.get("CRISP_BROWSER")
    names = [named] if named else ["chromium", "chromium-browser", "google-chrome"]
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def served(folder, *command):
    """Run a server of notebooks on loopback, and end it with the kernels it started.

    `command` is a Python module and its arguments, with {port} where the port belongs.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Nothing of the user's: neither settings nor a key.
    own = {name: str(folder / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRISP_")}
    with open(folder / "server.log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *(word.format(port=port) for word in command)],
            cwd=folder,
            env={**kept, **own, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(server, address, folder / "server.log")
        yield address
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def jupyter(name, folder):
    """Serve a folder by JupyterLab or Notebook, whose page hands out its connection to kernels."""
    options = ["--no-browser", "--allow-root", "--expose-app-in-browser", "--port={port}"]
    loopback = ["--ServerApp.ip=127.0.0.1", "--IdentityProvider.token="]
    return served(folder, name, *options, *loopback)


def _wait(server, address, log):
    """Wait until the server answers anything."""
    until = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < until:
        try:
            requests.get(address, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{address} did not begin to answer:\n{log.read_text()}")
