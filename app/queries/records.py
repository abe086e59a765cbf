"""Records of the store for the layers above, which must not import it."""

from app.store.customers.customers import CustomerBy as CustomerBy
from app.store.customers.customers import CustomerRow as CustomerRow
from app.store.customers.customers import CustomerState as CustomerState
from app.store.customers.customers import Identity as Identity
from app.store.ledger.entries import StoredEntry as StoredEntry
from app.store.ledger.entry_reasons import Actor as Actor
from app.store.ledger.entry_reasons import Cause as Cause
from app.store.ledger.entry_reasons import Stated as Stated
from app.store.ledger.expiry_notices import Delivery as Delivery
from app.store.programs.locations import Location as Location
from app.store.programs.programs import Program as Program
from app.store.programs.programs import ProgramKind as ProgramKind
from app.store.purchases.pending_refunds import PendingRefund as PendingRefund
from app.store.purchases.pending_refunds import PendingRefundState as PendingRefundState
from app.store.purchases.purchases import Purchase as Purchase
from app.store.purchases.quarantine import Quarantined as Quarantined
from app.store.purchases.quarantine import QuarantineKind as QuarantineKind
from app.store.purchases.quarantine import QuarantineState as QuarantineState
from app.store.rewards.redemptions import Redemption as Redemption
from app.store.rewards.redemptions import RedemptionState as RedemptionState
from app.store.rewards.rewards import Reward as Reward
