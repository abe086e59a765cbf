"""The limit on the cost of an operation: one that costs too much is rejected, any other is charged to its caller.

`cost_analysis.py` computes the cost, `rate_limits.py` keeps what each caller has left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.graphql_server.http.errors import BAD_INPUT, request_error
from app.graphql_server.http.response import HttpResponse, rate_limited, request_errors
from app.graphql_server.limits.document_metrics import too_complex
from app.graphql_server.limits.introspection_cost import MAX_INTROSPECTION_COST
from app.graphql_server.limits.rate_limits import TokenBuckets
from app.graphql_server.limits.time_budget import TimeBudget


async def run_within_limit(
    execute: Callable[[], Awaitable[HttpResponse]],
    *,
    cost: int,
    caller: str,
    buckets: TokenBuckets | None,
    time_budget: TimeBudget,
    media: str,
) -> HttpResponse:
    """The answer with its cost, or the rejection of an operation that the caller's rate limit does not allow.

    Without buckets nothing is limited.
    """
    if buckets is None:
        return await execute()
    maximum, restored = buckets.rate_limit.capacity, buckets.rate_limit.restored
    if cost > maximum:
        error = too_complex(
            f"The operation may cost at most {maximum:,}, and would cost {cost:,}: ask for smaller pages."
        )
        return request_errors([request_error(error, default_code=BAD_INPUT)], media=media)
    charge = buckets.take(caller, cost)
    status = {"maximumAvailable": maximum, "currentlyAvailable": charge.left, "restoreRate": restored}
    # Named as in Shopify's API.
    extensions = {"cost": {"requestedQueryCost": cost, "throttleStatus": status}}
    if charge.wait is not None:
        return rate_limited(charge.wait, extensions=extensions)
    answer = await execute()
    assert not isinstance(answer.body, bytes), "a cached response"
    if time_budget.exhausted:
        # It was stopped for its work, however low its estimated cost: it is charged as the most expensive one.
        buckets.charge(caller, maximum)
    return HttpResponse(answer.status, {**answer.body, "extensions": extensions}, answer.headers)


def charge_introspection(cost: int, *, caller: str, buckets: TokenBuckets | None, media: str) -> HttpResponse | None:
    """Charge an operation that asks about the schema only; returns its rejection when the caller cannot pay.

    Its cost is limited by itself, so that a server with a low limit can be asked for its schema, too.
    """
    if cost > MAX_INTROSPECTION_COST:
        error = too_complex(f"Introspection may cost at most {MAX_INTROSPECTION_COST:,}, and would cost {cost:,}.")
        return request_errors([request_error(error, default_code=BAD_INPUT)], media=media)
    if buckets is None:
        return None
    charge = buckets.take(caller, min(cost, buckets.rate_limit.capacity))
    return None if charge.wait is None else rate_limited(charge.wait)
