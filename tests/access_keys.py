"""Access keys for tests, of any role and without an end, whatever the clock of the shop shows."""

from __future__ import annotations

from app.domain.access import Role
from app.store.database.session import Session
from app.store.programs import access_keys
from app.usecases.application import Application
from app.usecases.programs.new_key import NewKey, make_key


async def issue_key(
    application: Application, *, program_id: str, role: Role, label: str = "", customer_id: str | None = None
) -> NewKey:
    """A further key of a program; `customer_id` is whose it is, or its holder's own record."""

    async def work(session: Session) -> NewKey:
        new = make_key(
            program_id=program_id,
            id=application.new_id(),
            number=await access_keys.next_number(session),
            role=role,
            label=label,
            created_at=application.server_now(),
            customer_id=customer_id,
        )
        await access_keys.issue(session, key=new.key)
        return new

    return await application.database.write(work, program_id=program_id, lock_key="key")
