"""Each of the 229 operations: answered by a handler, its body checked, its trace seen."""

import base64
import json
from functools import cache
from string import Formatter
from urllib.parse import urlencode

import pytest

from crisp_data.sandbox.calendar import CLOCK_START, HOUR
from crisp_data.sandbox.request import HANDLERS, Refusal
from crisp_data.sandbox.routes import Request, Route, answer, match
from crisp_data.sandbox.truth import truth
from crisp_data.sandbox.world import TIERS, Options, World

from .conftest import Api
from .operations import BY_NAME, OPERATIONS, OUTSIDE, READS, Asker, Example, seeded, tier

ROUTES = {(entry["method"], entry["path"]): entry for entry in reversed(OPERATIONS)}
READING = [entry for entry in ROUTES.values() if entry["method"] == "GET"]
BODIES = [entry for entry in OPERATIONS if entry["method"] not in ("GET", "HEAD")]
WRITES = [entry for entry in BODIES if entry["name"] not in READS]
#: Whose fields are the plugin's own.
FREE = {"save_subscription_settings", "update_subscription_settings"}


@cache
def known():
    """The identifiers that all these worlds have, for they are of one seed."""
    website = World(Options(conversations=40)).website()
    return seeded(lambda table: truth(website, table), website.id)


class Direct(Asker):
    """A world without a socket, which is asked a hundred times quicker."""

    def __init__(self):
        self.world = World(Options(conversations=40))
        tokens = {tier: self.world.token(tier) for tier in TIERS}
        self.headers = {
            tier: {
                "authorization": "Basic "
                + base64.b64encode(f"{token.identifier}:{token.key}".encode()).decode(),
                "x-crisp-tier": tier,
            }
            for tier, token in tokens.items()
        }
        super().__init__(self.send, known())

    def answer(self, tier, method, path, query, body):
        target = f"/v1{path}?{urlencode(query)}"
        content = b"" if body is None else json.dumps(body).encode()
        request = Request(method, target, self.headers[tier], content)
        return answer(self.world, request, match(method, target))

    def send(self, *request):
        return json.loads(self.answer(*request).body())["data"]

    def do(self, entry):
        """Do an operation after those without which there is nothing to do."""
        for name in self.examples.get(entry["name"], Example()).after:
            self.ask(name)
        return self.answer(*self.request(entry))

    def seen(self, entry):
        """What an operation that reads answers, but for times that the clock gives."""
        try:
            return without_now(self.send(*self.request(entry)))
        except Refusal as refusal:
            return refusal.reason

    def dispatched(self):
        return truth(self.world.website(), "dispatched")


def without_now(value):
    if isinstance(value, dict):
        return {name: without_now(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_now(one) for one in value]
    return "now" if isinstance(value, int) and value > CLOCK_START - HOUR else value


def parts_of(entry):
    return {name for _, name, _, _ in Formatter().parse(entry["path"]) if name}


def named(entries):
    return pytest.mark.parametrize("entry", entries, ids=lambda entry: entry["name"])


@pytest.fixture(scope="module")
def unchanged():
    """A world that is asked for nothing but reads and what it refuses."""
    return Direct()


@cache
def before(*names):
    """What every operation that reads answers once these were done."""
    direct = Direct()
    for name in names:
        direct.ask(name)
    return {entry["name"]: direct.seen(entry) for entry in READING}


def test_there_are_229_operations_with_a_handler_each():
    assert len(OPERATIONS) == 229
    assert {Route(**entry).handler_name() for entry in OPERATIONS} == set(HANDLERS)


def hold_to_the_envelope(entry, reply):
    words = {"GET": {"resolved", "listed"}, "HEAD": {"resolved", "found"}, "DELETE": {"deleted"}}
    words |= {"POST": {"added", "updated", "listed"}}
    reasons = words.get(entry["method"], {"updated", "deleted"}) | {"dispatched"}
    assert reply.reason in reasons, entry
    assert reply.status == {"added": 201, "dispatched": 202}.get(reply.reason, 200), entry


def test_what_reads_is_answered(unchanged):
    for entry in OPERATIONS:
        if entry not in WRITES:
            hold_to_the_envelope(entry, unchanged.do(entry))


@named(WRITES)
def test_what_writes_is_answered_and_its_trace_seen(entry):
    direct = Direct()
    count = len(direct.dispatched())
    reply = direct.do(entry)
    hold_to_the_envelope(entry, reply)
    if entry["name"] not in OUTSIDE:
        after = direct.examples.get(entry["name"], Example()).after
        own = sorted(READING, key=lambda read: read["resource"] != entry["resource"])
        assert any(direct.seen(read) != before(*after)[read["name"]] for read in own)
        return
    *_, noted = direct.dispatched()
    assert len(direct.dispatched()) == count + 1
    _, method, path, query, body = direct.request(entry)
    assert match(method, f"/v1{path}").route.name == noted["operation"]
    assert (noted["query"], noted["body"]) == (query, body or {})


def test_the_clock_alone_is_no_trace():
    direct = Direct()
    direct.world.clock.now += 1000
    assert {entry["name"]: direct.seen(entry) for entry in READING} == before()


def test_an_identifier_that_there_is_none_of_is_not_found(unchanged):
    with_one = [one for one in OPERATIONS if parts_of(one) - {"website_id", "page_number"}]
    assert len(with_one) > 100
    for entry in with_one:
        tier, method, _, query, body = unchanged.request(entry)
        nobody = dict.fromkeys(parts_of(entry), "some-thing")
        nobody |= {name: unchanged.known[name] for name in ("website_id", "page_number")}
        path = entry["path"].format_map(nobody)
        status, *_ = refusal(unchanged, tier, method, path, query, body)
        assert status == 404, entry


def refusal(direct, *request):
    with pytest.raises(Refusal) as caught:
        direct.answer(*request)
    return caught.value.status, caught.value.reason, caught.value.message


def refused(direct, entry, body):
    *request, _ = direct.request(entry)
    return refusal(direct, *request, body)


@named(BODIES)
def test_a_body_with_a_wrong_type_is_refused_by_its_path(entry, unchanged):
    assert refused(unchanged, entry, []) == (400, "invalid_data", "data should be object")
    example = unchanged.examples.get(entry["name"], Example()).body or {}
    for name, value in example.items() if entry["name"] not in FREE else ():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        status, reason, words = refused(unchanged, entry, example | {name: "five" if number else 5})
        assert (status, reason) == (400, "invalid_data")
        assert words.startswith(f"data.{name} should ")


@pytest.mark.parametrize("other", ["plugin", "website"])
def test_a_users_operation_is_refused_to_other_tokens(unchanged, other):
    for entry in OPERATIONS:
        if tier(entry) == "user":
            _, *request = unchanged.request(entry)
            status, reason, _ = refusal(unchanged, other, *request)
            assert (status, reason) == (403, "restricted_route_tier"), entry


# What the generated tests do not see


@pytest.fixture
def direct():
    return Direct()


@pytest.mark.parametrize("path", ["/billing/invoices/", "billing%2Finvoices", "billing//invoices"])
def test_a_path_of_a_helpdesk_has_segments_of_its_own(direct, path):
    entry = BY_NAME["resolve_helpdesk_tree_content"]
    tier, method, address, query, body = direct.request(entry)
    address = address.replace("billing/invoices", path)
    if "//" in path:
        with pytest.raises(Refusal, match="path_not_found"):
            direct.send(tier, method, address, query, body)
        return
    assert direct.send(tier, method, address, query, body)["content"].startswith("# Invoices")


def test_a_change_that_is_cancelled_gives_back_what_it_took(direct):
    direct.known["path"] = "billing/refunds"
    tree = direct.ask("list_helpdesk_pages")
    content = direct.ask("resolve_helpdesk_tree_content")
    direct.ask("delete_helpdesk_tree_path")
    direct.known["change_id"] = direct.ask("list_helpdesk_history_changes")[0]["change_id"]
    (file,) = direct.ask("resolve_helpdesk_history_change")["files"]
    assert (file["change"], file["path"]) == ("deleted", "billing/refunds")
    direct.ask("cancel_helpdesk_history_change")
    by_path = {row["tree_path"]: row for row in direct.ask("list_helpdesk_pages")}
    assert by_path == {row["tree_path"]: row for row in tree}
    assert direct.ask("resolve_helpdesk_tree_content") == content


def test_what_is_moved_takes_along_what_stands_under_it(direct):
    direct.ask("update_helpdesk_tree_path")
    direct.known["path"] = "delivery/times"
    assert direct.seen(BY_NAME["resolve_helpdesk_tree_path"]) == "path_not_found"
    direct.known["path"] = "payment/times"
    assert direct.ask("resolve_helpdesk_tree_path")["slug"] == "times"


def test_an_entry_whose_parents_are_none_stands_under_the_nearest_that_is(direct):
    direct.ask("create_helpdesk_tree_path")  # returns/labels, and there is no returns
    tree = direct.send(*direct.request(BY_NAME["list_helpdesk_tree"])[:3], {}, None)
    assert [row["slug"] for row in tree] == ["billing", "labels", "delivery"]
    assert direct.ask("list_helpdesk_tree") == tree[0]["children"]


@pytest.mark.parametrize(
    "query", [{"search_title": "INVOICES"}, {"filter_date_start": "2999-01-01"}]
)
def test_a_tree_is_searched(direct, query):
    request = direct.request(BY_NAME["list_helpdesk_tree"])[:3]
    slugs = [row["slug"] for row in direct.send(*request, query, None)]
    assert slugs == (["invoices"] if "search_title" in query else [])


def test_a_tree_is_changed_where_there_are_no_operators(direct):
    direct.world.website().operators.clear()
    direct.ask("save_helpdesk_tree_content")
    assert direct.ask("list_helpdesk_history_changes")[0]["author"] == {"email": None, "name": None}


def test_a_helpdesk_or_a_language_that_is_made_anew_is_empty(direct):
    direct.ask("delete_helpdesk_locale")
    assert direct.seen(BY_NAME["list_helpdesk_pages"]) == "locale_not_found"
    direct.known["locale"] = "fr"
    direct.ask("add_helpdesk_locale")
    assert direct.ask("list_helpdesk_pages") == []
    direct.ask("delete_helpdesk")
    assert direct.seen(BY_NAME["list_helpdesk_locales"]) == "helpdesk_not_found"
    direct.ask("initialize_helpdesk")
    assert direct.ask("list_helpdesk_locales") == []
    assert direct.ask("list_helpdesk_redirections") == []


def test_a_website_without_the_plugin_is_reached_by_no_token_of_it(direct):
    website_id = direct.known["website_id"]
    path = f"/plugins/subscription/{website_id}/{direct.known['plugin_id']}"
    direct.send("user", "DELETE", path, {}, None)
    assert direct.seen(BY_NAME["get_website"]) == "not_subscribed"
    rows = direct.ask("list_all_connect_websites")
    assert website_id not in {row["website_id"] for row in rows}
    body = {"plugin_id": direct.known["plugin_id"]}
    direct.send("user", "POST", f"/plugins/subscription/{website_id}", {}, body)
    assert direct.ask("get_website")["website_id"] == website_id


def test_a_deleted_website_answers_nothing_until_that_is_taken_back(direct):
    direct.ask("delete_website")
    assert direct.seen(BY_NAME["list_conversations"]) == "not_found"
    direct.ask("abort_website_deletion")
    assert direct.ask("get_website")["name"] == "Acme"


def test_a_new_website_is_empty_and_its_domain_taken(direct):
    website_id = direct.ask("create_website")["website_id"]
    assert direct.seen(BY_NAME["create_website"]) == "website_exists"
    direct.known["website_id"] = website_id
    user = "user"
    for path in ("conversations/1", "people/profiles/1", "campaigns/list/1", "inboxes/list/1"):
        assert direct.send(user, "GET", f"/website/{website_id}/{path}", {}, None) == []
    assert direct.send(user, "GET", f"/website/{website_id}", {}, None)["name"] == "Shop"


def test_spam_that_is_accepted_is_a_conversation(direct):
    path = f"/website/{direct.known['website_id']}/conversations"
    spam_id, before = direct.known["spam_id"], direct.ask("list_spam_conversations")
    content = direct.ask("resolve_spam_conversation_content")["content"]["text"]
    direct.send("plugin", "POST", f"{path}/spam/{spam_id}/decision", {}, {"action": "accept"})
    assert spam_id not in {row["spam_id"] for row in direct.ask("list_spam_conversations")}
    assert len(before) == 20  # of two pages
    row, *_ = direct.send("plugin", "GET", f"{path}/1", {}, None)
    assert (row["last_message"], row["meta"]["origin"]) == (content, "email")


def test_relations_name_each_other():
    direct = Direct()
    website = direct.world.website()
    found = {}
    for session_id in website.conversations:
        direct.known["session_id"] = session_id
        found[session_id] = direct.ask("get_conversation_relations")["conversations"]
    pairs = {(row["parent"], one) for one, row in found.items() if row["parent"]}
    assert pairs
    assert pairs == {(one, child) for one, row in found.items() for child in row["children"]}


def test_messages_are_marked_by_text_or_number_and_without_any_all_of_them(direct):
    path = f"/website/{direct.known['website_id']}/conversation/{direct.known['session_id']}"

    def mark(origin, **fingerprints):
        body = {"from": "user", "origin": origin} | fingerprints
        direct.send("plugin", "PATCH", f"{path}/read", {}, body)
        rows = truth(direct.world.website(), "messages")
        own = [row for row in rows if row["session_id"] == direct.known["session_id"]]
        return {row["fingerprint"] for row in own if row["read"] == origin}, own

    one = direct.known["fingerprint"]
    assert mark("urn:a", fingerprints=[str(one)])[0] == {one}
    assert mark("urn:b", fingerprints=[one])[0] == {one}
    every, own = mark("urn:c")
    assert every == {row["fingerprint"] for row in own if row["from"] == "user"}
    assert refused(direct, BY_NAME["mark_messages_read_in_conversation"], {
        "from": "user", "origin": "urn:d", "fingerprints": ["first"]
    })[0] == 400  # fmt: skip


def test_people_are_chosen_by_rules_too(direct):
    rules = [{"model": "people", "criterion": "segments", "operator": "eq", "query": ["vip"]}]
    body = {"people": {"search": {"filter": rules, "operator": "and"}}, "segments": ["very vip"]}
    people = truth(direct.world.website(), "people")
    chosen = {row["people_id"] for row in people if "vip" in row["segments"]}
    path = f"/website/{direct.known['website_id']}/batch/segments"
    direct.send("plugin", "PATCH", path, {}, body)
    people = truth(direct.world.website(), "people")
    assert chosen
    assert {row["people_id"] for row in people if row["segments"] == ["very vip"]} == chosen


@pytest.mark.parametrize("verify", [True, {"method": "password", "secret": "x"}])
def test_an_invitation_is_proved_by_a_flag_or_a_challenge(direct, verify):
    body = {"email": "a@b.example", "role": "member", "verify": verify}
    path = f"/website/{direct.known['website_id']}/operator"
    direct.send("plugin", "POST", path, {}, body)
    assert direct.ask("list_website_operators")[-1]["details"]["email"] == "a@b.example"


def test_a_batch_takes_null_for_the_inbox_beside_sessions(direct):
    direct.ask("batch_resolve_conversations")
    rows = truth(direct.world.website(), "conversations")
    changed = {row["session_id"] for row in rows if row["updated_at"] > CLOCK_START}
    assert (
        set(direct.known["others"])
        <= changed
        <= {*direct.known["others"], direct.known["session_id"]}
    )


def test_blocked_visitors_are_a_list_and_one_rule_an_object(direct):
    rows = direct.ask("count_blocked_visitors")
    assert {"rule": "countries", "blocked": 5} in rows
    assert direct.ask("count_blocked_visitors_in_rule") in rows


def test_an_import_answers_its_identifier(direct):
    assert set(direct.ask("import_people_profiles")) == {"import_id"}


@pytest.mark.parametrize("tier", ["website", "user"])
def test_other_tokens_ask_for_the_real_time_api_without_a_website(sandbox, tier):
    api = Api(sandbox, sandbox.token(tier))
    assert tier in api.data(f"/{tier}/connect/endpoints")["socket"]["app"]


def test_the_last_active_operators_are_flushed(direct):
    assert direct.ask("list_last_active_website_operators")
    direct.ask("flush_last_active_website_operators")
    assert direct.ask("list_last_active_website_operators") == []


def test_data_and_events_of_people_are_taken_away_and_given_again(direct):
    direct.ask("delete_suggested_people_data_key")
    assert "orders" not in {row["key"] for row in direct.ask("list_suggested_people_data_keys")}
    assert "orders" not in direct.ask("get_people_data")["data"]
    direct.ask("delete_suggested_people_event")
    assert "signup" not in {row["text"] for row in direct.ask("list_suggested_people_events")}
    direct.ask("add_people_event")
    assert direct.ask("list_people_events")[0]["text"] == "Paid"
    assert "Paid" in {row["text"] for row in direct.ask("list_suggested_people_events")}


def test_statistics_of_a_campaign_name_who_got_it(direct):
    rows = direct.ask("list_campaign_statistics")
    got = {row["people_id"] for row in direct.ask("list_campaign_recipients")}
    assert rows
    assert {row["profile"]["people_id"] for row in rows} <= got


def send(direct, **fields):
    body = {"type": "text", "from": "operator", "origin": "chat", "content": "Hello"} | fields
    website_id, session_id = direct.known["website_id"], direct.known["session_id"]
    path = f"/website/{website_id}/conversation/{session_id}/message"
    direct.known |= direct.send("plugin", "POST", path, {}, body)
    return direct.ask("get_message_in_conversation")


@pytest.mark.parametrize("kind", ["text", "note", "picker"])
def test_a_message_of_any_type_mentions_operators(direct, kind):
    choices = [{"value": "a", "label": "A", "selected": False}]
    content = {"id": "a", "text": "b", "choices": choices} if kind == "picker" else "Hello"
    mentions = [direct.known["user_id"]]
    assert send(direct, type=kind, content=content, mentions=mentions)["mentions"] == mentions


def test_an_original_is_sent_whole_and_read_by_its_identifier(direct):
    row = send(direct, original={"type": "text/html", "content": "<p>Hello</p>"})
    assert set(row["original"]) == {"original_id"}
    direct.known |= row["original"]
    original = direct.ask("get_original_message_in_conversation")
    assert (original["type"], original["content"]) == ("text/html", "<p>Hello</p>")
