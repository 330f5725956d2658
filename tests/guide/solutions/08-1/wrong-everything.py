"""Fails with everything."""


def test_shorten(shorten):
    assert shorten("abcdef", 3) == "abc"
