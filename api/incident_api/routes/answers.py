"""From an outcome to an HTTP answer."""

from __future__ import annotations

from starlette.responses import Response

from incident_api.board.cards import Card
from incident_api.writes.answers import Outcome


def object_response(outcome: Outcome, status: int = 200) -> Response:
    """The object with its ETag; 202 where it is written and the operator has not acted on it yet."""
    headers = {"ETag": f'"{outcome.version}"'}
    code = status if outcome.is_done else 202
    return Response(outcome.body, code, headers, "application/json")


def card_response(card: Card) -> Response:
    """The card as it is written already."""
    return Response(card.body, 200, {"ETag": f'"{card.version}"'}, "application/json")
