"""The limit on the cost of an operation: one that costs too much is rejected, any other is charged to its caller.

`cost_analysis.py` computes the cost, `rate_limits.py` has the buckets from which callers pay it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.graphql_server.http.errors import BAD_INPUT, request_error
from app.graphql_server.http.response import HttpResponse, rate_limited_response, request_errors_response
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
        return request_errors_response([request_error(error, default_code=BAD_INPUT)], media=media)
    charge = buckets.take(caller, cost)
    throttle_status = {"maximumAvailable": maximum, "currentlyAvailable": charge.tokens_left, "restoreRate": restored}
    # These names are those of Shopify's API.
    extensions = {"cost": {"requestedQueryCost": cost, "throttleStatus": throttle_status}}
    if charge.wait is not None:
        return rate_limited_response(charge.wait, extensions=extensions)
    answer = await execute()
    assert not isinstance(answer.body, bytes), "a cached response"
    if time_budget.exhausted:
        # It was stopped for its work, however low its estimated cost: it is charged the maximum in addition.
        buckets.charge(caller, maximum)
    return HttpResponse(answer.status, {**answer.body, "extensions": extensions}, answer.headers)


def charge_introspection(cost: int, *, caller: str, buckets: TokenBuckets | None, media: str) -> HttpResponse | None:
    """Charge an operation that consists of introspection only; returns its rejection, or None if it may run.

    Introspection has a limit of its own, so that the schema can be read from a server with a low rate limit, too.
    """
    if cost > MAX_INTROSPECTION_COST:
        error = too_complex(f"Introspection may cost at most {MAX_INTROSPECTION_COST:,}, and would cost {cost:,}.")
        return request_errors_response([request_error(error, default_code=BAD_INPUT)], media=media)
    if buckets is None:
        return None
    charge = buckets.take(caller, min(cost, buckets.rate_limit.capacity))
    return None if charge.wait is None else rate_limited_response(charge.wait)
