"""The root of all mutations. A request runs them one after the other; each is one transaction of its own."""

from __future__ import annotations

import strawberry

from app.api.mutations.customers import enrol_customer, join_household, merge_customers, update_customer
from app.api.mutations.customers.enrol_customer import EnrolCustomerPayload
from app.api.mutations.customers.join_household import JoinHouseholdPayload
from app.api.mutations.customers.merge_customers import MergeCustomersPayload
from app.api.mutations.customers.update_customer import UpdateCustomerPayload
from app.api.mutations.ledger import adjust_points, deliver_expiry_notices, transfer_points
from app.api.mutations.ledger.adjust_points import AdjustPointsPayload
from app.api.mutations.ledger.deliver_expiry_notices import DeliverExpiryNoticesPayload
from app.api.mutations.ledger.transfer_points import TransferPointsPayload
from app.api.mutations.payload_objects import ImpactPreviewPayload
from app.api.mutations.programs import (
    advance_clock,
    create_access_key,
    create_location,
    revoke_access_key,
    rotate_access_key,
    update_program,
)
from app.api.mutations.programs.advance_clock import AdvanceClockPayload
from app.api.mutations.programs.create_access_key import CreateAccessKeyPayload
from app.api.mutations.programs.create_location import CreateLocationPayload
from app.api.mutations.programs.revoke_access_key import RevokeAccessKeyPayload
from app.api.mutations.programs.rotate_access_key import RotateAccessKeyPayload
from app.api.mutations.programs.update_program import UpdateProgramPayload
from app.api.mutations.purchases import (
    amend_purchase,
    move_purchase,
    record_exchange,
    record_purchase,
    record_refund,
    settle_quarantined,
)
from app.api.mutations.purchases.amend_purchase import AmendPurchasePayload
from app.api.mutations.purchases.move_purchase import MovePurchasePayload
from app.api.mutations.purchases.record_exchange import RecordExchangePayload
from app.api.mutations.purchases.record_purchase import RecordPurchasePayload
from app.api.mutations.purchases.record_refund import RecordRefundPayload
from app.api.mutations.purchases.settle_quarantined import SettleQuarantinedPayload
from app.api.mutations.rewards import (
    cancel_redemption,
    capture_redemption,
    create_reward,
    fulfil_redemption,
    hold_redemption,
    redeem_reward,
    release_redemption,
)
from app.api.mutations.rewards.cancel_redemption import CancelRedemptionPayload
from app.api.mutations.rewards.capture_redemption import CaptureRedemptionPayload
from app.api.mutations.rewards.create_reward import CreateRewardPayload
from app.api.mutations.rewards.fulfil_redemption import FulfilRedemptionPayload
from app.api.mutations.rewards.hold_redemption import HoldRedemptionPayload
from app.api.mutations.rewards.redeem_reward import RedeemRewardPayload
from app.api.mutations.rewards.release_redemption import ReleaseRedemptionPayload
from app.api.mutations.terms import cancel_impact_preview, preview_terms_impact, publish_terms, withdraw_terms
from app.api.mutations.terms.publish_terms import PublishTermsPayload
from app.api.mutations.terms.withdraw_terms import WithdrawTermsPayload


@strawberry.type(description="All mutations. Each takes an idempotency key and is carried out once per key.")
class Mutation:
    """One field per command."""

    enrol_customer: EnrolCustomerPayload | None = strawberry.mutation(
        resolver=enrol_customer.resolve, description="Open a membership. For owner, staff and tills."
    )
    update_customer: UpdateCustomerPayload | None = strawberry.mutation(
        resolver=update_customer.resolve,
        description="Change what is known of a customer: birthday, preferences, segments, language. For owner and staff; tills and customers may change only the fields whose descriptions say so.",
    )
    record_purchase: RecordPurchasePayload | None = strawberry.mutation(
        resolver=record_purchase.resolve, description="Record a purchase and let it earn. For owner, staff and tills."
    )
    record_refund: RecordRefundPayload | None = strawberry.mutation(
        resolver=record_refund.resolve,
        description="Record a refund of a whole purchase, of lines or of an amount; points are clawed back under the terms of the purchase. For owner, staff and tills.",
    )
    amend_purchase: AmendPurchasePayload | None = strawberry.mutation(
        resolver=amend_purchase.resolve,
        description="Correct a receipt that was recorded wrongly: only the difference is booked, by the terms of its time. For owner, staff and tills.",
    )
    move_purchase: MovePurchasePayload | None = strawberry.mutation(
        resolver=move_purchase.resolve,
        description="Move a purchase that was recorded for the wrong customer to the right one, at its business time. For owner and staff.",
    )
    record_exchange: RecordExchangePayload | None = strawberry.mutation(
        resolver=record_exchange.resolve,
        description="Record that goods were returned and others bought for them: a refund and a purchase, both or neither. For owner, staff and tills.",
    )
    settle_quarantined: SettleQuarantinedPayload | None = strawberry.mutation(
        resolver=settle_quarantined.resolve,
        description="Book a receipt in quarantine, whose time is implausible, at its own or at a corrected time, or dismiss it, once. For owner and staff.",
    )
    redeem_reward: RedeemRewardPayload | None = strawberry.mutation(
        resolver=redeem_reward.resolve,
        description="Pay a reward with points. For owner, staff and tills, which hand it over at once; for customers, to whom it is issued.",
    )
    deliver_expiry_notices: DeliverExpiryNoticesPayload | None = strawberry.mutation(
        resolver=deliver_expiry_notices.resolve,
        description="Record that the open notices of expiry of a customer reached them: points expire only then. For owner and staff; tills for what they print; customers for their own inbox.",
    )
    hold_redemption: HoldRedemptionPayload | None = strawberry.mutation(
        resolver=hold_redemption.resolve,
        description="Reserve a reward and its points for a checkout, to be captured or released. For owner, staff, tills and customers.",
    )
    capture_redemption: CaptureRedemptionPayload | None = strawberry.mutation(
        resolver=capture_redemption.resolve,
        description="Pay for a reward that was reserved, by the decision made when it was reserved. For owner, staff and tills; for customers only their own holds.",
    )
    release_redemption: ReleaseRedemptionPayload | None = strawberry.mutation(
        resolver=release_redemption.resolve,
        description="Release a reward that was reserved: points and stock are available again. For owner, staff and tills; for customers only their own holds.",
    )
    fulfil_redemption: FulfilRedemptionPayload | None = strawberry.mutation(
        resolver=fulfil_redemption.resolve,
        description="Hand over the reward of a redemption that was issued to a customer, once. For owner, staff and tills.",
    )
    cancel_redemption: CancelRedemptionPayload | None = strawberry.mutation(
        resolver=cancel_redemption.resolve,
        description="Cancel a redemption: its points return to the same lots, with their dates, and the reward is back in stock. For owner and staff with a reason; for tills and the customer as long as the terms of the redemption allow.",
    )
    adjust_points: AdjustPointsPayload | None = strawberry.mutation(
        resolver=adjust_points.resolve,
        description="Add or remove points by hand, with a reason that stands in the ledger. For the owner, and for staff up to a limit.",
    )
    transfer_points: TransferPointsPayload | None = strawberry.mutation(
        resolver=transfer_points.resolve,
        description="Transfer points from one customer to another, with their dates. For owner and staff.",
    )
    merge_customers: MergeCustomersPayload | None = strawberry.mutation(
        resolver=merge_customers.resolve,
        description="Merge two customers who are the same person. It cannot be undone. For owner and staff.",
    )
    join_household: JoinHouseholdPayload | None = strawberry.mutation(
        resolver=join_household.resolve,
        description="Let a customer share the wallet of another one; each keeps their own history and tier. For owner and staff.",
    )
    create_reward: CreateRewardPayload | None = strawberry.mutation(
        resolver=create_reward.resolve, description="Put a reward into the catalogue. For the owner."
    )
    create_location: CreateLocationPayload | None = strawberry.mutation(
        resolver=create_location.resolve, description="Create a location where purchases are made. For the owner."
    )
    create_access_key: CreateAccessKeyPayload | None = strawberry.mutation(
        resolver=create_access_key.resolve,
        description="Create an access key; its token is in the first answer only. For the owner. A key with the role INTEGRATION may create customers' keys only, each with an `expiresAt`.",
    )
    rotate_access_key: RotateAccessKeyPayload | None = strawberry.mutation(
        resolver=rotate_access_key.resolve,
        description="Replace an access key by a new one; the old one keeps working for a stated time. For the owner.",
    )
    revoke_access_key: RevokeAccessKeyPayload | None = strawberry.mutation(
        resolver=revoke_access_key.resolve,
        description="End an access key at once. For the owner; a key with the role INTEGRATION may revoke customers' keys.",
    )
    update_program: UpdateProgramPayload | None = strawberry.mutation(
        resolver=update_program.resolve, description="Change settings of the program. For the owner."
    )
    publish_terms: PublishTermsPayload | None = strawberry.mutation(
        resolver=publish_terms.resolve,
        description="Publish a version of the terms: what is worse for customers needs notice. For the owner.",
    )
    withdraw_terms: WithdrawTermsPayload | None = strawberry.mutation(
        resolver=withdraw_terms.resolve,
        description="Withdraw an announced version of the terms before it starts. For the owner.",
    )
    preview_terms_impact: ImpactPreviewPayload | None = strawberry.mutation(
        resolver=preview_terms_impact.resolve,
        description="Simulate a draft on the recent past without delaying the tills; read `impactPreview` for the result. For the owner.",
    )
    cancel_impact_preview: ImpactPreviewPayload | None = strawberry.mutation(
        resolver=cancel_impact_preview.resolve,
        description="Stop an impact preview that is queued or running. For the owner.",
    )
    advance_clock: AdvanceClockPayload | None = strawberry.mutation(
        resolver=advance_clock.resolve,
        description="Move the clock of a sandbox forward, to try out what happens as time passes. For the owner of a sandbox program.",
    )
