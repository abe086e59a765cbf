"""Carrying out a plan with the use cases of the till. Keys come from the receipts, so a second run changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.identities import IdentityKind
from app.domain.problems import Problem, ProblemCode
from app.importing.receipts import Plan, Return, Sale
from app.store.customers import CustomerBy
from app.store.programs import Program
from app.usecases.call import Answer
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


class ImportRefused(Exception):
    """A step was refused; those before it stand, and the import may be run again."""

    def __init__(self, receipt: str, problem: Problem) -> None:
        super().__init__(f"{receipt}: {problem.code.value}{f' ({problem.detail})' if problem.detail else ''}")


async def carry_out(plan: Plan, *, desk: Desk, program: Program, done: Callable[[int], None]) -> Imported:
    """Enrol the customers and record purchases and refunds in the order in which they happened.

    `done` is told of each finished step. Raises ImportRefused.
    """
    imported = Imported()

    async def do(verb: Verb, *, name: str, receipt: str, payload: object, order: object) -> Answer | Problem:
        return await desk.do(
            verb,
            name=name,
            program=program,
            principal=None,
            key=f"import:{name}:{receipt}",
            payload=payload,
            order=order,
        )

    for customer in plan.customers():
        order = Enrolment(identities=((IdentityKind.EXTERNAL_ID, customer),), locale=None)
        answer = await do(enrol, name="enrolCustomer", receipt=customer, payload=customer, order=order)
        if isinstance(answer, Problem):
            if answer.code is not ProblemCode.IDENTITY_TAKEN:
                raise ImportRefused(customer, answer)
            imported.already_there += 1
        else:
            imported.already_there += answer.replayed
            imported.customers += not answer.replayed
        done(1)
    for step in plan.steps:
        if isinstance(step, Sale):
            receipt, name = step.invoice, "recordPurchase"
            answer = await do(earn, name=name, receipt=receipt, payload=_sale_payload(step), order=_sale(step))
        else:
            receipt, name = step.receipt, "recordRefund"
            answer = await do(refund, name=name, receipt=receipt, payload=_return_payload(step), order=_return(step))
        if isinstance(answer, Problem):
            raise ImportRefused(receipt, answer)
        imported.already_there += answer.replayed
        if isinstance(step, Sale):
            imported.purchases += not answer.replayed
        else:
            imported.refunds += not answer.replayed
        done(1)
    return imported


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
