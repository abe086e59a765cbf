"""The root of all mutations. A request runs them one after the other; each is one transaction of its own."""

from __future__ import annotations

import strawberry

from app.api.customers.delivering import DeliverExpiryNoticesPayload, deliver_expiry_notices
from app.api.customers.enrolling import EnrolCustomerPayload, enrol_customer
from app.api.customers.households import JoinHouseholdPayload, join_a_household
from app.api.customers.merging import MergeCustomersPayload, merge_customers
from app.api.customers.persons import UpdateCustomerPayload, change_customer
from app.api.drafting.previewing import ImpactPreviewPayload, cancel_impact_preview, preview_terms_impact
from app.api.drafting.publishing import PublishTermsPayload, publish_terms
from app.api.drafting.withdrawing import WithdrawTermsPayload, withdraw_terms
from app.api.points.adjusting import AdjustPointsPayload, adjust_points
from app.api.points.amending import AmendPurchasePayload, amend_a_purchase
from app.api.points.earning import RecordPurchasePayload, record_purchase
from app.api.points.exchanging import RecordExchangePayload, record_exchange
from app.api.points.holds import (
    CaptureHoldPayload,
    HoldRewardPayload,
    ReleaseHoldPayload,
    capture_hold,
    hold_reward,
    release_hold,
)
from app.api.points.moving import MovePurchasePayload, move_a_purchase
from app.api.points.redeeming import RedeemRewardPayload, redeem_reward
from app.api.points.refunding import RecordRefundPayload, record_refund
from app.api.points.reversing import CancelRedemptionPayload, undo_redemption
from app.api.points.settling import SettleQuarantinedPayload, settle
from app.api.points.transferring import TransferPointsPayload, transfer_points
from app.api.program.advancing import AdvanceClockPayload, move_clock
from app.api.program.catalogue import CreateRewardPayload, add_reward
from app.api.program.opening import CreateLocationPayload, open_location
from app.api.program.updating import UpdateProgramPayload, update_program


@strawberry.type(
    description="What can be done. Each mutation takes an idempotency key and is carried out once per key."
)
class Mutation:
    """One field per verb."""

    enrol_customer: EnrolCustomerPayload | None = strawberry.mutation(
        resolver=enrol_customer, description="Open a membership. For owner, staff and tills."
    )
    update_customer: UpdateCustomerPayload | None = strawberry.mutation(
        resolver=change_customer,
        description="Change what is known of a customer: birthday, preferences, segments, language. For owner and staff; tills and customers for what the input says.",
    )
    record_purchase: RecordPurchasePayload | None = strawberry.mutation(
        resolver=record_purchase,
        description="Record a purchase and let it earn. For owner, staff and tills.",
    )
    record_refund: RecordRefundPayload | None = strawberry.mutation(
        resolver=record_refund,
        description="Record that goods came back, whole or by line; points go back by the terms of the sale. For owner, staff and tills.",
    )
    amend_purchase: AmendPurchasePayload | None = strawberry.mutation(
        resolver=amend_a_purchase,
        description="Set a receipt right that was recorded wrongly: only the difference is booked, by the terms of its time. For owner, staff and tills.",
    )
    move_purchase: MovePurchasePayload | None = strawberry.mutation(
        resolver=move_a_purchase,
        description="Move a purchase that was recorded for the wrong customer to the right one, at its place in time. For owner and staff.",
    )
    record_exchange: RecordExchangePayload | None = strawberry.mutation(
        resolver=record_exchange,
        description="Record that goods came back and others were bought for them: a refund and a purchase, both or neither. For owner, staff and tills.",
    )
    settle_quarantined: SettleQuarantinedPayload | None = strawberry.mutation(
        resolver=settle,
        description="Book a receipt whose time cannot be right, at its own or at a corrected time, or dismiss it, once. For owner and staff.",
    )
    redeem_reward: RedeemRewardPayload | None = strawberry.mutation(
        resolver=redeem_reward, description="Pay a reward with points. For owner, staff and tills."
    )
    deliver_expiry_notices: DeliverExpiryNoticesPayload | None = strawberry.mutation(
        resolver=deliver_expiry_notices,
        description="Record that the open notices of expiry of a customer reached them: points expire only then. For owner and staff; tills for what they print; customers for their own inbox.",
    )
    hold_reward: HoldRewardPayload | None = strawberry.mutation(
        resolver=hold_reward,
        description="Reserve a reward and its points for a checkout, to be captured or released. For owner, staff and tills.",
    )
    capture_hold: CaptureHoldPayload | None = strawberry.mutation(
        resolver=capture_hold,
        description="Pay for what was reserved, by the decision of the time when that was. For owner, staff and tills.",
    )
    release_hold: ReleaseHoldPayload | None = strawberry.mutation(
        resolver=release_hold,
        description="Let go what was reserved: points and stock are free again. For owner, staff and tills.",
    )
    cancel_redemption: CancelRedemptionPayload | None = strawberry.mutation(
        resolver=undo_redemption,
        description="Undo a redemption: the very points come back, with their dates, and the reward is back in stock. For owner and staff with a reason; for tills and the customer as long as the terms of the redemption allow.",
    )
    adjust_points: AdjustPointsPayload | None = strawberry.mutation(
        resolver=adjust_points,
        description="Give or take points by hand, with a reason that stands in the ledger. For the owner, and for staff up to a limit.",
    )
    transfer_points: TransferPointsPayload | None = strawberry.mutation(
        resolver=transfer_points,
        description="Pass points of one customer on to another one, with their dates. For owner and staff.",
    )
    merge_customers: MergeCustomersPayload | None = strawberry.mutation(
        resolver=merge_customers,
        description="Make two customers who are one into one. It cannot be undone. For owner and staff.",
    )
    join_household: JoinHouseholdPayload | None = strawberry.mutation(
        resolver=join_a_household,
        description="Let a customer share the wallet of another one; history and level stay each one's own. For owner and staff.",
    )
    create_reward: CreateRewardPayload | None = strawberry.mutation(
        resolver=add_reward, description="Put a reward into the catalogue. For the owner."
    )
    create_location: CreateLocationPayload | None = strawberry.mutation(
        resolver=open_location, description="Open a place where purchases are made. For the owner."
    )
    update_program: UpdateProgramPayload | None = strawberry.mutation(
        resolver=update_program, description="Change settings of the program. For the owner."
    )
    publish_terms: PublishTermsPayload | None = strawberry.mutation(
        resolver=publish_terms,
        description="Publish a version of the terms: what is worse for customers needs notice. For the owner.",
    )
    withdraw_terms: WithdrawTermsPayload | None = strawberry.mutation(
        resolver=withdraw_terms,
        description="Take an announced version of the terms back before it starts. For the owner.",
    )
    preview_terms_impact: ImpactPreviewPayload | None = strawberry.mutation(
        resolver=preview_terms_impact,
        description="Replay the recent past under a draft, beside the tills; read `impactPreview` for the result. For the owner.",
    )
    cancel_impact_preview: ImpactPreviewPayload | None = strawberry.mutation(
        resolver=cancel_impact_preview,
        description="Stop an impact preview that waits or runs. For the owner.",
    )
    advance_clock: AdvanceClockPayload | None = strawberry.mutation(
        resolver=move_clock,
        description="Move the clock of a sandbox forward, to try out what time brings. For the owner of a sandbox program.",
    )
