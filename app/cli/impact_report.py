"""The report of an impact preview, as `troth terms preview` prints it."""

from __future__ import annotations

from rich.table import Table

from app.cli.runtime import out
from app.domain.simulation.impact import Impact


def print_report(impact: Impact, *, old_price_days: int) -> None:
    """Print the report; `old_price_days`: for how many days the draft lets points earned before a price rise pay the old price."""
    out.print(f"{impact.purchases} purchases and {impact.redemptions} redemptions of {impact.members} members.")
    out.print(f"{impact.gainers} gain {impact.points_gained} points, {impact.losers} lose {impact.points_lost} points.")
    if impact.stamps_gained or impact.stamps_lost:
        out.print(f"In stamps: {impact.stamps_gained} more, {impact.stamps_lost} fewer.")
    out.print(f"Points outstanding: {impact.liability_before} before, {impact.liability_after} after.")
    for title, customers in (("Most gaining", impact.most_gaining), ("Most losing", impact.most_losing)):
        table = Table(
            "Member", "Points", "Earned now", "Earned by draft", "Stamps", "Rewards lost", "Rewards won", title=title
        )
        for customer in customers:
            points = customer.difference, customer.earned_before, customer.earned_after
            numbers = (*points, customer.stamps, customer.redemptions_lost, customer.redemptions_won)
            table.add_row(customer.customer_id, *(str(number) for number in numbers))
        if customers:
            out.print(table)
    table = Table(
        "Reward", "Can pay now", "Can pay by draft", "No longer affordable", "Redemptions lost", title="Rewards"
    )
    for reward in impact.rewards:
        numbers_of_reward = (
            reward.members_before,
            reward.members_after,
            reward.no_longer_affordable,
            reward.redemptions_lost,
        )
        table.add_row(reward.name, *(str(count) for count in numbers_of_reward))
    out.print(table)
    out.print("Every redemption is charged the full price of the draft, also where older points pay.")
    if old_price_days:
        days = f"for {old_price_days} days" if old_price_days > 1 else "for one day"
        out.print(
            f"Under the draft, older points pay the old price {days} after a price rise, so fewer members lose at first."
        )
