"""`troth terms`: from the template to a second version with notice, and invalid files."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from app.api.terms_files import TermsFileError, read, write
from app.domain.terms.rule import Rule, fields_of
from app.domain.terms.version import Terms
from tests.builders import some_terms
from tests.cli.command import troth
from tests.rule_samples import CONDITION_VARIANTS, EFFECT_VARIANTS
from tests.time_limits import usual_seconds


def test_owner_publishes_a_second_version_and_withdraws_it(database_url: str, tmp_path: Path) -> None:
    troth("init", "--template", "points", url=database_url)
    file = tmp_path / "terms.yaml"
    file.write_text(troth("terms", "export", url=database_url), encoding="utf-8")
    assert troth("terms", "diff", str(file), url=database_url).strip() == "Nothing changes."

    file.write_text(file.read_text(encoding="utf-8").replace("points: 100", "points: 120"), encoding="utf-8")
    assert "„Coffee“ gibt es für 120 Punkte." in troth("terms", "check", str(file), "--locale", "de", url=database_url)
    output = troth("terms", "diff", str(file), url=database_url)
    assert "WORSE: Before: You can have “Coffee” for 100 points. Now: You can have “Coffee” for 120 points." in output
    assert "Version 2 starts on" in troth("terms", "publish", str(file), url=database_url)
    assert "Nothing changes" in troth("terms", "publish", str(file), url=database_url)
    assert "100 points" in troth("terms", "show", url=database_url)
    assert "120 點" in troth("terms", "show", "--version", "2", "--locale", "zh-Hant", url=database_url)
    assert "withdrawn" in troth("terms", "withdraw", "2", url=database_url)
    assert "NOT_WITHDRAWABLE" in troth("terms", "withdraw", "1", url=database_url, code=1)


def test_unfair_terms_are_published_only_when_forced(database_url: str, tmp_path: Path) -> None:
    troth("init", "--template", "points", url=database_url)
    said = yaml.safe_load(troth("terms", "export", url=database_url))
    said["clauses"].append({"key": "bonus", "effect": {"bonusPoints": {"points": 50}}})
    said["clauses"].append({"key": "cap", "effect": {"pointsCap": {"points": 20, "scope": "PURCHASE"}}})
    file = tmp_path / "terms.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    assert "promised at least 50 points, and gets 20 at most" in troth(
        "terms", "check", str(file), url=database_url, code=1
    )
    assert "not published" in troth("terms", "publish", str(file), url=database_url, code=1)
    assert "Version 2 starts on" in troth("terms", "publish", str(file), "--even-unfair", url=database_url)


def test_every_kind_of_rule_survives_a_terms_file() -> None:
    base = some_terms()
    for condition in CONDITION_VARIANTS:
        if condition.amounts() and condition.amounts()[0].currency != "GBP":
            continue
        (clause,) = some_terms().clauses[:1]
        drafted = Terms(
            1, base.effective_from, "GBP", "Europe/London", (type(clause)("a", "1", (condition,), clause.effect),)
        )
        ((key, conditions, effect),) = read(write(drafted), currency="GBP").clauses
        assert (key, effect) == ("a", clause.effect)
        assert [owner_fields(condition) for condition in conditions] == [owner_fields(condition)]
    for effect in EFFECT_VARIANTS:
        (clause,) = some_terms().clauses[:1]
        drafted = Terms(1, base.effective_from, "GBP", "Europe/London", (type(clause)("a", "1", (), effect),))
        ((_, _, again),) = read(write(drafted), currency="GBP").clauses
        assert owner_fields(again) == owner_fields(effect)


def owner_fields(rule: Rule) -> dict[str, object]:
    """The fields of a rule that an owner states; the rest is filled in from the catalogue and other clauses."""
    given = {field.name: getattr(rule, field.name) for field in fields_of(type(rule)) if field.is_owner_supplied}
    return {"kind": rule.kind} | {
        name: [owner_fields(item) for item in value] if isinstance(value, tuple) else value
        for name, value in given.items()
    }


def test_unenforced_terms_are_read_and_not_published(database_url: str, tmp_path: Path) -> None:
    troth("init", "--template", "points", url=database_url)
    said = yaml.safe_load(troth("terms", "export", url=database_url))
    said["clauses"].append({"key": "quote", "effect": {"quoteValidity": {"minutes": 30}}})
    file = tmp_path / "terms.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    output = troth("terms", "check", str(file), url=database_url, code=1)
    assert "30 minutes" in output
    assert "NOT_ENFORCED_YET: clauses.10.effect" in output
    assert "BETTER: New: " in troth("terms", "diff", str(file), url=database_url)
    for command in ("preview", "publish"):
        assert "NOT_ENFORCED_YET" in troth("terms", command, str(file), url=database_url, code=1)


LARGEST = "clauses:\n" + "".join(
    f"- key: bonus-{number}\n  effect: {{bonusPoints: {{points: 5}}}}\n" for number in range(200)
)
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nclauses: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", 1, "has `clauses`"),
        ("clauses: []", 1, "1 to 200"),
        ("clauses: [", 1, "expected the node content"),
        ("claus: []", 1, "has `clauses`"),
        (BOMB, 1, "anchors"),
        ("clauses: !!python/object/apply:os.system [ls]", 1, "tags"),
        ("clauses: " + "[" * 40 + "]" * 40, 1, "levels"),
        ("clauses:\n- key: a\n  key: b\n", 3, "twice"),
        ("clauses:\n- key: a\n  effect: {bonusPoints: {points: 5}, pointsPerVisit: {points: 1}}\n", 3, "exactly one"),
        ("clauses:\n- key: a\n  effect:\n    bonusPoint: {points: 5}\n", 4, "bonusPoint"),
        ("clauses:\n- key: a\n  effect:\n    bonusPoints: {points: many}\n", 4, "many"),
        ("clauses:\n- key: a\n  effect:\n    pointsPerAmount: {points: 1, per: 1.005}\n", 4, "decimal places"),
        ("x" * 300_000, 1, "characters"),
    ],
)
def test_invalid_terms_file_is_rejected_quickly_with_its_line(text: str, line: int, expected: str) -> None:
    usual = usual_seconds(lambda: read(LARGEST, currency="GBP"))
    began = time.monotonic()
    with pytest.raises(TermsFileError) as refused:
        read(text, currency="GBP")
    assert time.monotonic() - began < 2 * usual
    assert expected in str(refused.value)
    assert refused.value.line == line


def test_times_amounts_and_dates_need_no_quotes() -> None:
    text = """
clauses:
- key: happy-hour
  conditions:
  - weekdaysAndHours: {days: [MONDAY], start: 17:00, end: 19:00}
  - dates: {first: 2026-06-01}
  - minimumSpend: {amount: 20.50}
  effect:
    pointsPerAmount: {points: 1, per: 1.00}
"""
    ((_, conditions, _),) = read(text, currency="GBP").clauses
    assert [condition.kind for condition in conditions] == ["weekdays_and_hours", "dates", "minimum_spend"]
    assert yaml.safe_load("start: 17:00") == {"start": 1020}, "what a plain reader would make of it"


def coffee_at(file: Path, points: int, *, url: str, **more: object) -> Path:
    """The terms in force as a file, with another price of the coffee."""
    said = yaml.safe_load(troth("terms", "export", url=url))
    for clause in said["clauses"]:
        if clause["key"] == "coffee":
            clause["effect"]["rewardCost"]["points"] = points
    file.write_text(yaml.safe_dump({**said, **more}), encoding="utf-8")
    return file


def test_withdrawn_file_is_published_again_as_the_next_version(database_url: str, tmp_path: Path) -> None:
    troth("init", "--template", "points", url=database_url)
    file = str(coffee_at(tmp_path / "terms.yaml", 120, url=database_url))
    for version in ("2", "3"):
        assert f"Version {version} starts on" in troth("terms", "publish", file, url=database_url)
        assert "You can have “Coffee” for 120 points." in troth("terms", "show", "--version", version, url=database_url)
        assert "Nothing changes" in troth("terms", "publish", file, url=database_url)
        troth("terms", "withdraw", version, url=database_url)
    assert "no such version" in troth("terms", "show", "--version", "4", url=database_url, code=1)


def test_refusal_has_its_reason_and_remedy(database_url: str, tmp_path: Path) -> None:
    troth("init", "--template", "points", url=database_url)
    file = tmp_path / "terms.yaml"
    soon = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    coffee_at(file, 120, url=database_url, effectiveFrom=soon)
    output = troth("terms", "publish", str(file), "--even-unfair", "--locale", "de", url=database_url, code=1)
    assert "NOTICE_TOO_SHORT (clause notice): Die Änderung würde am" in " ".join(output.split())
    assert "oder später beginnen lassen." in " ".join(output.split())

    said = yaml.safe_load(troth("terms", "export", url=database_url))
    (notice,) = [clause for clause in said["clauses"] if clause["key"] == "notice"]
    notice["effect"] = {"noticePeriod": {"days": 60, "preset": "CA_QC"}}
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    assert "Version 2 starts on" in troth("terms", "publish", str(file), url=database_url)
    late = (datetime.now(UTC) + timedelta(days=200)).isoformat()
    coffee_at(file, 120, url=database_url, effectiveFrom=late)
    found = " ".join(troth("terms", "check", str(file), url=database_url, code=1).split())
    assert "NOTICE_TOO_LONG (clause" in found
    assert "announced today, it can start on" in found
    output = " ".join(troth("terms", "publish", str(file), "--even-unfair", url=database_url, code=1).split())
    assert "NOTICE_TOO_LONG (clause notice): The change would take effect on" in output
    assert "Let the change take effect before" in output
    assert "NOTICE_TOO_SHORT" not in output

    # A better version that starts only then cannot be followed by a worse one, whenever that shall start.
    better = coffee_at(tmp_path / "better.yaml", 90, url=database_url, effectiveFrom=late)
    assert "Version 3 starts on" in troth("terms", "publish", str(better), url=database_url)
    coffee_at(file, 120, url=database_url)
    differs = " ".join(troth("terms", "diff", str(file), url=database_url).split())
    assert "Published now, it cannot start at all. NOTICE_TOO_LONG" in differs
    assert "It has to follow version 3, which starts on" in differs
    assert "NOTICE_TOO_LONG" in troth("terms", "publish", str(file), "--even-unfair", url=database_url, code=1)
    troth("terms", "withdraw", "3", url=database_url)
    assert "Version 4 starts on" in troth("terms", "publish", str(file), "--even-unfair", url=database_url)


def test_preview_says_that_it_charges_the_full_price(database_url: str, tmp_path: Path) -> None:
    troth("init", "--template", "points", url=database_url)
    file = coffee_at(tmp_path / "terms.yaml", 120, url=database_url)
    output = " ".join(troth("terms", "preview", str(file), url=database_url).split())
    assert "charged the full price of the draft, also where older points pay." in output
    assert "pay the old price for 180 days after a price rise" in output


def test_shown_terms_follow_the_region_and_form_of_address(database_url: str) -> None:
    output = troth(
        *("init", "--template", "points", "--currency", "USD", "--zone", "America/New_York", "--region", "US"),
        *("--address", "informal"),
        url=database_url,
    )
    assert "Keys, shown once" in output
    american = troth("terms", "show", url=database_url)
    assert "1 point for every $1 you spend" in american
    assert "in your favor" in american
    assert "1 point for every US$1 you spend" in troth("terms", "show", "--locale", "en-GB", url=database_url)
    assert "Wenn du Ware zurückgibst" in troth("terms", "show", "--locale", "de", url=database_url)
