"""Carrying out a plan with the use cases of the till. Keys come from the receipts, so a second run changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.identities import IdentityKind
from app.domain.problems import Problem, ProblemCode
from app.importing.plan import Destination, LeftOut, Plan, Reason, Return, Sale
from app.queries.published_terms import first_terms
from app.queries.records import CustomerBy, Program
from app.usecases.call import CLOCK_TOLERANCE, Answer
from app.usecases.desk import Desk, Verb, fingerprint
from app.usecases.earn import NewPurchase, earn
from app.usecases.enrol import Enrolment, enrol
from app.usecases.refund import NewRefund, refund


@dataclass(slots=True)
class Imported:
    """What a run did, and what it found done already."""

    customers: int = 0
    purchases: int = 0
    refunds: int = 0
    already_there: int = 0


async def destination_of(program: Program, *, desk: Desk) -> Destination:
    """What a program takes in, as of now."""
    return Destination(
        currency=program.currency,
        zone=program.zone,
        region=program.region,
        terms_since=await desk.ask(first_terms, program_id=program.id),
        latest=desk.now(program) + CLOCK_TOLERANCE,
    )


async def carry_out(plan: Plan, *, desk: Desk, program: Program, done: Callable[[int], None]) -> Imported:
    """Enrol the customers and record purchases and refunds in the order in which they happened.

    `done` is told of each finished step. A step that is refused is taken out of the plan and put among its rejected,
    and so are the returns of a sale that is refused: its lines may be other ones than those that are recorded.
    """
    imported = Imported()
    for customer in plan.customers():
        await _enrolled(customer, imported=imported, desk=desk, program=program)
        done(1)
    refused: dict[str, tuple[Reason, str | None]] = {}
    for step in plan.steps:
        if isinstance(step, Return) and step.invoice in refused:
            refused[step.receipt] = LeftOut.SALE_LEFT_OUT, None
        else:
            answer = await _carried_out(step, desk=desk, program=program)
            if isinstance(answer, Problem):
                refused[step.receipt] = _reason(answer), answer.detail
            else:
                imported.already_there += answer.replayed
                imported.purchases += isinstance(step, Sale) and not answer.replayed
                imported.refunds += isinstance(step, Return) and not answer.replayed
        done(1)
    plan.leave_out(refused)
    return imported


def _reason(problem: Problem) -> ProblemCode:
    """The refusal as it concerns a file: keys are ours and come from the receipts."""
    if problem.code is ProblemCode.IDEMPOTENCY_KEY_REUSED:
        return ProblemCode.RECEIPT_DIFFERS
    return problem.code


async def _enrolled(customer: str, *, imported: Imported, desk: Desk, program: Program) -> None:
    """Enrol a customer; one who is there already is left alone, and one who is refused will have no purchases."""
    order = Enrolment(identities=((IdentityKind.EXTERNAL_ID, customer),), locale=None)
    answer = await _do(
        enrol, name="enrolCustomer", receipt=customer, payload=customer, order=order, desk=desk, program=program
    )
    if isinstance(answer, Problem):
        imported.already_there += answer.code is ProblemCode.IDENTITY_TAKEN
    else:
        imported.already_there += answer.replayed
        imported.customers += not answer.replayed


async def _carried_out(step: Sale | Return, *, desk: Desk, program: Program) -> Answer | Problem:
    verb: Verb
    order: NewPurchase | NewRefund
    if isinstance(step, Sale):
        verb, name, payload, order = earn, "recordPurchase", _sale_payload(step), _sale(step)
    else:
        verb, name, payload, order = refund, "recordRefund", _return_payload(step), _return(step)
    return await _do(verb, name=name, receipt=step.receipt, payload=payload, order=order, desk=desk, program=program)


async def _do(
    verb: Verb, *, name: str, receipt: str, payload: object, order: object, desk: Desk, program: Program
) -> Answer | Problem:
    return await desk.do(
        verb,
        name=name,
        program=program,
        principal=None,
        key=f"import:{name}:{receipt}",
        payload=payload,
        order=order,
    )


def _sale_payload(step: Sale) -> object:
    return {"customer": step.customer, **step.facts.to_data()}


def _sale(step: Sale) -> NewPurchase:
    return NewPurchase(
        customer=CustomerBy(step.customer, IdentityKind.EXTERNAL_ID),
        external_id=step.invoice,
        facts=step.facts,
        fingerprint=fingerprint("receipt", step.facts.to_data()),
    )


def _return_payload(step: Return) -> object:
    return [step.customer, step.invoice, step.line, str(step.quantity), step.at.isoformat()]


def _return(step: Return) -> NewRefund:
    return NewRefund(
        purchase_id=None,
        receipt=step.invoice,
        lines={step.line: step.quantity},
        occurred_at=step.at,
        external_id=step.receipt,
        reason=None,
        fingerprint=fingerprint("refund", _return_payload(step)),
    )
