"""Another name."""


def test_short(shorten):
    assert shorten
