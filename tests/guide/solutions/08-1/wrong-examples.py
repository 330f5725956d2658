"""Examples in ASCII only."""


def test_shorten(shorten):
    assert shorten("abc", 5) == "abc"
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefgh", 6) == "abc…"
