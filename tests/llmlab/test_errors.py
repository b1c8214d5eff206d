import pytest

from llmlab import errors


@pytest.mark.parametrize(
    ("ours", "builtin"),
    [
        (errors.ShapeError, ValueError),
        (errors.ConfigurationError, ValueError),
        (errors.DtypeError, TypeError),
        (errors.OutOfRangeError, IndexError),
        (errors.DomainError, ValueError),
    ],
)
def test_an_error_is_caught_as_ours_and_as_pythons_own(ours, builtin):
    assert issubclass(ours, errors.LlmlabError)
    assert issubclass(ours, builtin)


def test_an_error_shows_its_message_unchanged():
    assert str(errors.OutOfRangeError("Id 7 is too large.")) == "Id 7 is too large."
