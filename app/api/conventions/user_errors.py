"""Technical refusals as data."""

from __future__ import annotations

import strawberry

from app.domain.problems import Problem, ProblemCode
from app.domain.wording import Wording


@strawberry.interface(description="Why a mutation did nothing. Nothing was written and no points were touched.")
class UserError:
    """A technical refusal as the client sees it."""

    code: ProblemCode = strawberry.field(description="Stable; for programs to act on.")
    message: str = strawberry.field(description="One sentence in the caller's locale.")
    path: list[str] = strawberry.field(
        description="The way to the input that caused it, from the mutation's arguments on."
    )


@strawberry.type(description="A technical refusal.")
class TechnicalRefusal(UserError):
    """The one kind of user error there is so far."""

    detail: str | None = strawberry.field(description="A short English addition for developers, or null.")


def refusal(problem: Problem, *, say: Wording, within: tuple[str, ...] = ("input",)) -> TechnicalRefusal:
    """A technical refusal in the caller's words; `within` is the argument that held the input."""
    return TechnicalRefusal(
        code=problem.code,
        message=say(f"error.{problem.code.value}"),
        path=[*within, *(str(step) for step in problem.path)],
        detail=problem.detail,
    )
