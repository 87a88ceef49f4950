"""The sessions of this project: ``nox -l`` lists them, ``nox -s quick`` runs one.

A Python that is not on the machine is skipped; the environment of each session is made anew by
pip, and kept between runs with ``nox -r``.
"""

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

nox.options.sessions = ["quick"]
nox.options.error_on_missing_interpreters = False


@nox.session(python=PYTHONS)
def quick(session: nox.Session) -> None:
    """The tests that one runs before each commit."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS)
def full(session: nox.Session) -> None:
    """The quick tests and the slow ones."""
    session.install("-e", ".[test]")
    session.run("pytest", "--slow", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """The forms and the report in a real browser; wants Chromium on the machine."""
    session.install("-e", ".[test,browser]")
    session.run("pytest", "tests/browser", *session.posargs, env={"CRISP_BROWSER_REQUIRED": "1"})


@nox.session
def lowest(session: nox.Session) -> None:
    """The quick tests with the oldest releases that pyproject.toml allows."""
    session.install("uv")
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", "-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """One benchmark, by name: ``nox -s bench -- frames``."""
    session.install("-e", ".[test,bench]")
    name, *rest = session.posargs or ["frames"]
    session.run("python", f"benchmarks/{name}.py", *rest)
