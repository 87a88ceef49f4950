"""The calls of Crisp's quickstart, by curl, with the host changed and nothing else."""

import json
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None, reason="curl is not installed (apt install curl)"
)


def curl(sandbox, *arguments):
    command = ["curl", "--silent", "--show-error", "--user"]
    command += [f"{sandbox.identifier}:{sandbox.key}", "--header", "X-Crisp-Tier: plugin"]
    run = subprocess.run([*command, *arguments], check=True, capture_output=True, timeout=60)
    return json.loads(run.stdout)


def test_the_details_of_a_website(sandbox):
    answer = curl(sandbox, f"{sandbox.host}/v1/website/{sandbox.website_id}")
    assert answer["error"] is False
    assert answer["data"]["domain"] == "acme.example"


def test_a_text_message(sandbox, session_id):
    path = f"{sandbox.host}/v1/website/{sandbox.website_id}/conversation/{session_id}"
    body = {"type": "text", "from": "operator", "origin": "chat", "content": "Hello from curl 👋"}
    answer = curl(
        sandbox,
        *("--request", "POST", "--header", "Content-Type: application/json"),
        *("--data", json.dumps(body), f"{path}/message"),
    )
    assert answer["reason"] == "dispatched"
    fingerprint = answer["data"]["fingerprint"]
    assert curl(sandbox, f"{path}/message/{fingerprint}")["data"]["content"] == body["content"]


def test_https(make):
    box, _ = make(tls=True)
    answer = curl(box, "--cacert", box.ca, f"{box.url}website/{box.website_id}")
    assert answer["error"] is False
