"""Operations whose answer depends on no data: accepted without an effect, or always refused."""

from __future__ import annotations

from .request import Answer, Call, Refusal, operation


def _check_conversation(call: Call) -> None:
    if "session_id" in call.path:
        _ = call.conversation


def _accept(answer: Answer, *names: str) -> None:
    @operation(*names)
    def accept(call: Call) -> Answer:
        _check_conversation(call)
        return answer


def _refuse(status: int, reason: str, *names: str, message: str | None = None) -> None:
    @operation(*names)
    def refuse(call: Call) -> Answer:
        _check_conversation(call)
        raise Refusal(status, reason, message)


# What would have an effect outside, such as an e-mail, or on nothing that could be read back.
_accept(
    Answer("dispatched", status=202),
    "initiate_conversation_with_existing_session",
    "request_identity_verification_for_conversation",
    "redeem_identity_verification_link_for_conversation",
    "request_email_transcript_for_conversation",
    "request_chatbox_binding_purge_for_conversation",
    "request_user_feedback_for_conversation",
    "initiate_browsing_session_for_conversation",
    "initiate_new_call_session_for_conversation",
    "request_tool_call_for_conversation",
    "deliver_widget_button_action_for_conversation",
    "deliver_widget_data_fetch_action_for_conversation",
    "deliver_widget_data_edit_action_for_conversation",
    "schedule_reminder_for_conversation",
    "report_conversation",
    "batch_report_conversations",
    "export_people_profiles",
    "import_people_profiles",
    "send_email_to_website_operators",
)
_accept(
    Answer("deleted"),
    "delete_suggested_people_data_key",
    "delete_suggested_people_event",
    "clear_blocked_visitors_in_rule",
    "flush_last_active_website_operators",
)
# Nobody is browsing, called or blocked; no visitor carries a token; no message is spam.
_accept(Answer("listed", []), "list_browsing_sessions_for_conversation")
_accept(
    Answer("resolved", {"rule": [], "blocked": 0}),
    "count_blocked_visitors",
    "count_blocked_visitors_in_rule",
)
_refuse(
    *(404, "not_found"),
    "get_ongoing_call_session_for_conversation",
    "abort_ongoing_call_session_for_conversation",
    "transmit_signaling_on_ongoing_call_session",
    "send_action_to_existing_browsing_session",
    "assist_existing_browsing_session",
    "get_session_identifier_from_token",
)
_refuse(
    *(404, "spam_not_found"),
    "resolve_spam_conversation_content",
    "submit_spam_conversation_decision",
)
# The token was checked on the way here.
_accept(Answer("found"), "PluginConnect.check_connect_session_validity")
_refuse(
    *(403, "not_allowed"),
    *("create_website", "delete_website", "abort_website_deletion"),
    message="the sandbox's websites come from its seed",
)
