from __future__ import annotations

from canonical.outcome import Accepted, NotThere, Pending, TryLater, Unsure
from canonical.verdict import Verdict
from gateway_client.testing import ScriptedGateway, receipt_for


async def test_a_script_may_take_a_document_and_lose_the_answer(document):
    """The classic doubt: the state has it, we do not know, and the question settles it."""

    def script(document, key):
        gateway.hold(document, key, Accepted(receipt=receipt_for(document)))
        return Unsure(why="The connection was lost.")

    gateway = ScriptedGateway(script)
    assert isinstance(await gateway.send(document, idempotency_key="k"), Unsure)
    assert isinstance(await gateway.ask(document, idempotency_key="k"), Accepted)
    assert ([sent.idempotency_key for sent in gateway.sent], gateway.asked) == (["k"], ["k"])


async def test_what_was_not_taken_is_not_held(document):
    """After TryLater the same key is new to the state, and the script is asked again."""
    answers = iter([TryLater(why="Later."), Pending(receipt=receipt_for(document, Verdict.PENDING))])
    gateway = ScriptedGateway(lambda *_: next(answers))
    assert isinstance(await gateway.send(document, idempotency_key="k"), TryLater)
    assert isinstance(await gateway.ask(document, idempotency_key="k"), NotThere)
    assert isinstance(await gateway.send(document, idempotency_key="k"), Pending)
    word = Accepted(receipt=receipt_for(document))
    gateway.hold(document, "k", word)
    assert await gateway.poll(document.document_id, document.digest, "trk_1") == word
