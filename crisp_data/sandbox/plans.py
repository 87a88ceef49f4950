"""What a website pays for: the plan it is subscribed to, and coupons."""

from __future__ import annotations

from .records import Record

#: The coupons that there are, by their code.
COUPONS: dict[str, Record] = {
    "SANDBOX10": {
        "code": "SANDBOX10",
        "policy": {"rebate_percent": 10, "trial_days": 0},
        "redeem_limit": 1,
        "expire_at": "2027-01-01T00:00:00Z",
    }
}


def new_plan(plan_id: str) -> Record:
    """Make a subscription; what its plan is called is made up."""
    return {"id": plan_id, "name": "Plan", "bill_period": "monthly", "coupon_redeemed": False}
