"""Files of terms: a draft in a file is checked, and published terms are written as a file.

Such files are read and written by means of the GraphQL schema. Loading the schema takes half of the start of a command, so
only the commands with a file load it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli.runtime import exit_after_printing, select_program
from app.domain.terms.validation import TermsError
from app.domain.terms.version import Terms
from app.queries.terms.terms_check import CheckedDraft, check_draft, draft_context
from app.usecases.application import Application

if TYPE_CHECKING:
    from app.api.terms_files import TermsFile


def file_text(terms: Terms) -> str:
    """The text of a YAML file whose publication would give the same clauses."""
    from app.api.terms_files import write

    return write(terms)


async def check_file(application: Application, text: str, *, program_id: str) -> tuple[TermsFile, CheckedDraft]:
    """The file and the result of checking its draft; ends the command if there is an error, whose line it prints."""
    from app.api.terms_files import TermsFileError, read

    program = await select_program(application, program_id)
    try:
        file = read(text, currency=program.currency)
    except TermsFileError as error:
        raise exit_after_printing(str(error)) from error
    at = application.now(program)
    checking_context = await application.query(draft_context, program_id=program.id, now=at)
    checked = check_draft(
        checking_context, program=program, clauses=file.clauses, effective_from=file.effective_from, now=at
    )
    if isinstance(checked, TermsError):
        raise exit_after_printing(str(file.error(checked))) from checked
    return file, checked
