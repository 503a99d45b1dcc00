import copy
import json
import pickle

import pytest

from driftd.core.secret import REDACTED, Secret


@pytest.mark.parametrize(
    "render",
    [repr, str, "{}".format, "{!r}".format, lambda s: f"{s:>20}", lambda s: json.dumps(s, default=str), "%s".__mod__],
)
def test_no_rendering_shows_a_secret(render: object) -> None:
    """Whatever way a secret is turned into text, the text is the redaction."""
    assert callable(render)
    shown = render(Secret("hunter2"))
    assert "hunter2" not in shown
    assert REDACTED in shown


def test_a_pickle_does_not_carry_the_secret() -> None:
    """A dump of a secret holds the redaction and comes back as it."""
    dumped = pickle.dumps(Secret("hunter2"))
    assert b"hunter2" not in dumped
    assert pickle.loads(dumped).reveal() == REDACTED


def test_a_secret_is_a_value() -> None:
    """Secrets are equal by value, survive a copy, and do not change."""
    secret = Secret("hunter2")
    assert secret == Secret("hunter2") != Secret("other")
    assert hash(secret) == hash(Secret("hunter2"))
    assert copy.deepcopy(secret).reveal() == copy.copy(secret).reveal() == "hunter2"
    assert secret != "hunter2"
    assert not Secret("")
    with pytest.raises(AttributeError):
        secret._value = "x"
