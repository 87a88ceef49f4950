"""Operations whose effect is outside the API, such as an e-mail: accepted, and noted."""

from __future__ import annotations

from .request import Answer, Call, operation
from .rng import uuid4


@operation(
    "batch_report_conversations",
    "export_people_profiles",
    "generate_bucket_url",
    "list_animation_medias",
    "send_email_to_website_operators",
)
def dispatch(call: Call) -> Answer:
    """Accept a request; what comes of it is told by real-time events, which there are none of."""
    return call.dispatch()


@operation("import_people_profiles")
def import_people_profiles(call: Call) -> Answer:
    """Accept a file of profiles, which is fetched from nowhere."""
    return call.dispatch({"import_id": uuid4(call.website.rng)})


@operation(
    "deliver_widget_button_action_for_conversation",
    "deliver_widget_data_fetch_action_for_conversation",
    "deliver_widget_data_edit_action_for_conversation",
    "report_conversation",
    "request_chatbox_binding_purge_for_conversation",
    "request_email_transcript_for_conversation",
    "request_tool_call_for_conversation",
    "request_user_feedback_for_conversation",
)
def dispatch_for_conversation(call: Call) -> Answer:
    """Accept a request about a conversation that exists."""
    _ = call.conversation
    return call.dispatch()
