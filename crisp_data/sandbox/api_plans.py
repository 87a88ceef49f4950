"""The plans that websites are subscribed to, and coupons for them."""

from __future__ import annotations

from .plans import COUPONS, new_plan
from .records import Record
from .request import Answer, Call, found, operation
from .resources import Resource


def _coupon(code: str) -> Record:
    return found(COUPONS, code, "coupon_not_found")


def _changes(row: Record, call: Call) -> Record:
    if "period" in call.body:
        return {"bill_period": call.body["period"]}
    return {"coupon_redeemed": bool(_coupon(call.body["code"]))}


def _shown(call: Call, row: Record) -> Record:
    website = call.world.websites[row["website_id"]]
    shown = {name: row[name] for name in ("id", "name", "bill_period", "coupon_redeemed")}
    named = {"id": website.id} | {name: website.settings[name] for name in ("name", "domain")}
    return shown | {"since": row["created_at"], "active": True, "website": named}


PLANS = Resource(
    table="plans",
    key="website_id",
    identify=lambda call: call.path["website_id"],
    not_found="subscription_not_found",
    read=("get_plan_subscription_for_website",),
    create=("subscribe_website_to_plan",),
    save=(
        "change_bill_period_for_website_plan_subscription",
        "redeem_coupon_for_website_plan_subscription",
    ),
    remove=("unsubscribe_plan_from_website",),
    new=lambda call, website_id, now: new_plan(call.body["plan_id"]),
    changes=_changes,
    shown=_shown,
)


@operation("PlanSubscription.list_all_active_subscriptions")
def list_all_active_subscriptions(call: Call) -> Answer:
    """List the plans of all websites that the token reaches."""
    websites = [call.world.websites[website_id] for website_id in call.token.websites]
    rows = [row for website in websites for row in website.table("plans").values()]
    return Answer("listed", [_shown(call, row) for row in rows])


@operation("check_coupon_availability_for_website_plan_subscription")
def check_coupon_availability(call: Call) -> Answer:
    """Answer what a coupon is worth."""
    PLANS.find(call)
    return Answer("resolved", _coupon(call.query.get("code", "")))
