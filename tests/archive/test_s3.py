"""The same archive in an object store: moto's S3, over HTTP on loopback."""

import pytest

import crisp_data as crisp
from crisp_data.archive.state import StateTable
from crisp_data.sandbox import Sandbox

from .conftest import assert_equals_truth

boto3 = pytest.importorskip("boto3")
ThreadedMotoServer = pytest.importorskip("moto.server").ThreadedMotoServer

SECRET = "moto-secret-key"


@pytest.fixture
def sandbox():
    """A smaller one, for each file costs the store of the tests more than a disk."""
    with Sandbox(seed=1, conversations=15) as box:
        yield box


@pytest.fixture
def s3():
    """A bucket, and the options that lead there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    token = {"aws_access_key_id": "moto", "aws_secret_access_key": SECRET}
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **token)
    client.create_bucket(Bucket="shelves")
    options = {name.upper(): value for name, value in token.items()}
    options |= {"AWS_ENDPOINT_URL": url, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}
    yield client, options
    server.stop()


@pytest.mark.slow
def test_an_archive_in_a_bucket(sandbox, ws, api, s3, spent):
    _, options = s3
    archive = ws.archive("s3://shelves/acme", storage_options=options)
    archive.sync(since="2026-10-20")
    archive.sync(since="2000-01-01")
    assert_equals_truth(archive, sandbox)
    api.say(sandbox.truth("conversations")[5]["session_id"])
    spent()
    archive.sync()
    assert spent() == 2
    assert_equals_truth(crisp.Archive("s3://shelves/acme", storage_options=options), sandbox)
    archive.sync(deep=True)
    assert_equals_truth(archive, sandbox)


def test_the_lock_holds_there_too(ws, s3):
    _, options = s3
    archive = ws.archive("s3://shelves/acme", storage_options=options)
    archive.sync(since="2026-10-30")
    with StateTable(archive._storage).held(ws.website_id), pytest.raises(crisp.ArchiveBusy):
        archive.sync()
    assert archive.sync().requests == 1


@pytest.mark.slow
def test_forgetting_there_too(ws, s3):
    client, options = s3
    archive = ws.archive("s3://shelves/acme", storage_options=options)
    archive.sync(since="2026-10-20")
    email = archive.conversations()["email"].dropna().iloc[0]
    archive.forget(email=email)
    found = client.list_objects_v2(Bucket="shelves")["Contents"]
    assert len(found) > 5
    for one in found:
        body = client.get_object(Bucket="shelves", Key=one["Key"])["Body"].read()
        assert email.encode() not in body
    assert email not in set(archive.conversations()["email"])


def test_no_secret_is_shown(ws, s3):
    _, options = s3
    archive = ws.archive("s3://shelves/acme", storage_options=options)
    assert SECRET not in repr(archive) + str(vars(archive))
