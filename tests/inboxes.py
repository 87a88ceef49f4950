"""A sandbox whose conversations are in four inboxes, some of them held by the automation."""

from crisp_data.sandbox import Sandbox

READINGS = ("open", "partitioned", "refused")


def four_inboxes(reading, conversations=60, seed=1, **options):
    """Start a sandbox of a reading: the main inbox, three others, and every fifth one held."""
    sandbox = Sandbox(seed=seed, conversations=conversations, inboxes=reading, **options).start()
    rows = sandbox.truth("conversations")
    sandbox.hold([row["session_id"] for row in rows[::5]])
    assert len({row["inbox_id"] for row in rows}) == 4, "fewer inboxes"
    held = {row["session_id"] for row in rows[::5]}
    plain = [row for row in rows if row["inbox_id"] is None and row["session_id"] not in held]
    assert 0 < len(plain) < len(rows), "a plain list would be all"
    return sandbox
