"""Who else is here."""

from __future__ import annotations

from incident_api.board.presence import ANIMALS, LONGEST_NAME, SHOWN, Presence


def test_nobody_has_the_animal_of_another_even_when_all_are_taken() -> None:
    presence = Presence(seed=1)
    given = [presence.join(f"c{number}").animal for number in range(3 * len(ANIMALS))]
    assert len(set(given)) == len(given)
    assert set(given[: len(ANIMALS)]) == set(ANIMALS)
    assert len(presence) == len(given)
    assert len(presence.visitors()) == SHOWN


def test_an_animal_is_free_again_once_its_visitor_left() -> None:
    presence = Presence(seed=1)
    visitors = [presence.join(f"c{number}") for number in range(len(ANIMALS))]
    presence.leave("c0")
    assert presence.join("next").animal == visitors[0].animal


def test_every_change_is_noticed_and_nothing_else() -> None:
    presence = Presence(seed=1)
    presence.join("c")
    seen = [presence.version]

    def changed() -> bool:
        seen.append(presence.version)
        return seen[-1] != seen[-2]

    assert presence.view("c", ("drills", "uid-7", "INC-0007"))
    assert changed()
    assert presence.view("c", ("drills", "uid-7", "INC-0007"))
    assert not changed()
    assert not presence.view("unknown", None)
    presence.leave("unknown")
    assert not changed()
    presence.leave("c")
    assert changed()


def test_a_name_that_a_client_gives_itself_is_cut_and_cleaned() -> None:
    presence = Presence(seed=1)
    presence.join("c")
    presence.name("c", " \x00\x1bAnonymous\u202e Fox " + "x" * 100)
    (visitor,) = presence.visitors()
    assert visitor.name.startswith("Anonymous Fox x")
    assert len(visitor.name) <= LONGEST_NAME
