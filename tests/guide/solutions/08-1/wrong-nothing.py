"""Fails with nothing."""


def test_shorten(shorten):
    shorten("abcdef", 3)
