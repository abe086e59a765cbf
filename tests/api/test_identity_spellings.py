"""A customer is found by card and telephone number however they are scanned, pasted or written."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from app.domain.programs.program import ProgramKind
from app.store.database.connect import open_database
from app.usecases.application import Application
from app.usecases.programs.create_program import CreateProgram, NewProgram
from tests.shop import ENROL, Shop, new_id, open_shop, real_now

LOOK = "query($by: CustomerBy!) { customer(by: $by) { id identities { value } } }"
NUMBERS = {
    "DE": (
        "+49 30 901820",
        "030 901820",
        "0049 30 901820",
        "+49 (0)30 901820",
        "(030) 90-18-20",
        "4930901820",
        "\uff10\uff13\uff10\uff19\uff10\uff11\uff18\uff12\uff10",
        "030\u00a0901\u00a0820",
        "\u202a+49 30 901820\u202c",
    ),
    "IT": ("+39 06 6982", "06 6982", "0039 06 6982"),
    "CI": ("+225 07 89 88 12 34", "07 89 88 12 34", "00225 0789881234"),
    "AR": ("+54 9 11 2345 6789", "011 15 2345 6789", "11 15 2345-6789"),
    "BR": ("+55 11 91234 5678", "(11) 91234-5678", "011 91234 5678"),
    "IL": ("+972 52 123 4567", "052-1234567", "+972-052-123-4567"),
    "FR": ("+33 6 12 34 56 78", "06 12 34 56 78", "+33 (0)6 12 34 56 78"),
    "EG": ("+20 10 0123 4567", "\u0660\u0661\u0660\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667"),
}
CARD = "070177137069"


def customer_id(shop: Shop, **by: str) -> str | None:
    """The id of the customer with an identity."""
    customer = shop.execute(LOOK, by=by)["customer"]
    return customer["id"] if customer is not None else None


def programs_in(regions: tuple[str, ...], *, url: str) -> dict[str, NewProgram]:
    """A program for each region."""

    async def run() -> dict[str, NewProgram]:
        database = open_database(url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        started = {}
        for region in regions:
            started[region] = await application.create_program(
                CreateProgram(
                    name=region,
                    template="points",
                    kind=ProgramKind.SANDBOX,
                    currency="EUR",
                    zone="UTC",
                    region=region,
                    effective_from=datetime(2020, 1, 1, tzinfo=UTC),
                )
            )
        await database.stop()
        return started

    return asyncio.run(run())


def test_telephone_number_in_any_spelling_finds_one_customer(database_url: str) -> None:
    programs = programs_in(tuple(NUMBERS), url=database_url)
    with open_shop(database_url, program=programs["DE"]) as served:
        for region, spellings in NUMBERS.items():
            shop = Shop(address=served.address, program=programs[region], client=served.client, url=database_url)
            enrolled = [
                [
                    error["code"]
                    for error in shop.execute(
                        ENROL, input={"idempotencyKey": f"{number}", "identities": [{"phone": phone}]}
                    )["enrolCustomer"]["userErrors"]
                ]
                for number, phone in enumerate(spellings)
            ]
            assert enrolled == [[], *[["IDENTITY_TAKEN"]] * (len(spellings) - 1)], region
            (customer,) = {customer_id(shop, phone=phone) for phone in spellings}
            assert customer is not None, region


def test_card_from_any_scanner_finds_one_customer(shop: Shop) -> None:
    spellings = (
        CARD,
        "0070177137069",
        "70177137069",
        "\uff10\uff17\uff10\uff11\uff17\uff17\uff11\uff13\uff17\uff10\uff16\uff19",
        " 0701-7713 7069\r\n",
        "\u2066070177137069\u2069",
    )
    shop.enrol(CARD)
    (customer,) = {customer_id(shop, card=spelling) for spelling in spellings}
    assert customer is not None
    other = shop.enrol("0701771370")
    assert customer_id(shop, card=other) not in (customer, None)
    assert customer_id(shop, card="701771370") is None
