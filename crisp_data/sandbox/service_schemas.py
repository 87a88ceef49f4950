"""The schemas of bodies about the helpdesk, plugins, plans and files."""

from __future__ import annotations

from .schema_types import (
    CHALLENGE,
    FILLED,
    FLAG,
    INTEGER,
    NUMBER,
    OBJECT,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    Schema,
    object_of,
)

SERVICES: dict[str, Schema] = {
    "generate_bucket_url": object_of(
        namespace=FILLED,
        id=FILLED,
        file=object_of({"name": FILLED, "type": FILLED}),
        resource=object_of(type=TEXT, id=TEXT),
    ),
    "subscribe_website_to_plugin": object_of({"plugin_id": FILLED}),
    "report_plugin_usage_to_bill": object_of({"name": FILLED, "units": NUMBER, "price": NUMBER}),
    "forward_plugin_payload_to_channel": object_of(
        {"namespace": FILLED, "payload": OBJECT}, identifier=TEXT
    ),
    "dispatch_plugin_event": object_of({"name": FILLED}, data=OBJECT),
    "subscribe_website_to_plan": object_of({"plan_id": FILLED}),
    "change_bill_period_for_website_plan_subscription": object_of(
        {"period": {"enum": ["monthly", "yearly"]}}
    ),
    "redeem_coupon_for_website_plan_subscription": object_of({"code": FILLED}),
    "initialize_helpdesk": object_of({"name": FILLED, "domain_basic": FILLED}),
    "delete_helpdesk": object_of({"verify": CHALLENGE}),
    "add_helpdesk_locale": object_of({"locale": FILLED}),
    "update_helpdesk_tree_path": object_of(
        {"action": FILLED}, path=object_of({"to": FILLED}), position=INTEGER
    ),
    "save_helpdesk_tree_content": object_of({"content": TEXT}),
    "update_helpdesk_tree_metadata": object_of(
        format=FILLED,
        title=FILLED,
        description=TEXT_OR_NULL,
        state=object_of(published=FLAG, hidden=FLAG, featured=FLAG),
        author=object_of({"user_id": FILLED}),
        color=TEXT_OR_NULL,
        image=TEXT_OR_NULL,
    ),
    "cancel_helpdesk_history_change": object_of({"action": FILLED}),
    "import_external_helpdesk_to_locale": object_of(
        {"helpdesk_url": FILLED}, detect_locales=FLAG, other_locales=TEXTS
    ),
    "add_helpdesk_redirection": object_of({"path": FILLED, "target": FILLED}),
    "save_helpdesk_settings": object_of(
        name=FILLED,
        **dict.fromkeys(
            ("appearance", "localization", "section", "behavior", "service", "include", "access"),
            OBJECT,
        ),
    ),
    "request_helpdesk_domain_change": object_of(basic=FILLED, custom=TEXT_OR_NULL),
}
