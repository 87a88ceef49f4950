"""A sandbox whose answers are changed on their way, as by a proxy or a server of tomorrow."""

import dataclasses
import json


def rewrite(sandbox, part, change):
    """Let ``change`` give the data of each answer whose address holds ``part``."""
    answer = sandbox.respond

    def rewritten(request):
        reply = answer(request)
        if part not in request.target or not reply.body:
            return reply
        envelope = json.loads(reply.body)
        body = json.dumps({**envelope, "data": change(envelope["data"])}).encode()
        return dataclasses.replace(reply, body=body)

    sandbox._server.respond = rewritten
