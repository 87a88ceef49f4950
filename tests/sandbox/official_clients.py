"""How the official clients fare on the sandbox: what docs/official-clients.md says.

`python -m tests.sandbox.official_clients` prints it; the tests hold it against what they see.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Client:
    """An official client: how many methods it has, and which of them are at fault, and why."""

    registry: str
    version: str
    methods: int
    faults: dict[str, str] = field(default_factory=dict)


NPM = Client(registry="npm", version="11.3.0", methods=229)
PYPI = Client(
    registry="PyPI",
    version="1.1.23",
    methods=80,
    faults={
        "plugin.subscribe_plugin_to_website": "sends no `plugin_id`",
        "plugin.unsubscribe_plugin_from_website": "calls `delete`, which the client does not have",
        "website.delete_website": "sends no `verify`",
        "website.list_people_segments": "asks an address that Crisp no longer documents",
    },
)
CLIENTS = (NPM, PYPI)


def page() -> str:
    """Write the table as Markdown."""
    lines = [
        "# The official clients on the sandbox",
        "",
        "The slow tests call every method of both official clients against the sandbox, with",
        "arguments of the shapes that the clients' examples and types have.",
        "",
        "| `crisp-api` of | version | methods | answered |",
        "|---|---|---|---|",
    ]
    for one in CLIENTS:
        answered = one.methods - len(one.faults)
        lines.append(f"| {one.registry} | {one.version} | {one.methods} | {answered} |")
    lines += [
        "",
        "What fails does so by a fault of the client:",
        "",
        "| `crisp-api` of | method | fault |",
        "|---|---|---|",
    ]
    for one in CLIENTS:
        for method, why in sorted(one.faults.items()):
            lines.append(f"| {one.registry} | `{method}` | {why} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
