"""The records that questions are answered with, for the layers above, which do not know the store."""

from app.store.customers import CustomerBy as CustomerBy
from app.store.customers import CustomerRow as CustomerRow
from app.store.customers import CustomerState as CustomerState
from app.store.customers import Identity as Identity
from app.store.expiry_notices import Delivery as Delivery
from app.store.ledger import StoredEntry as StoredEntry
from app.store.locations import Location as Location
from app.store.programs import Program as Program
from app.store.programs import ProgramKind as ProgramKind
from app.store.purchases import Purchase as Purchase
from app.store.quarantine import Quarantined as Quarantined
from app.store.quarantine import QuarantineKind as QuarantineKind
from app.store.quarantine import QuarantineState as QuarantineState
from app.store.reasons import Actor as Actor
from app.store.reasons import Cause as Cause
from app.store.reasons import Stated as Stated
from app.store.redemptions import Redemption as Redemption
from app.store.redemptions import RedemptionState as RedemptionState
from app.store.rewards import Reward as Reward
from app.store.waiting_refunds import WaitingRefund as WaitingRefund
from app.store.waiting_refunds import WaitingState as WaitingState
