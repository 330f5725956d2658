"""Only the bound."""


def test_shorten(shorten):
    for size in range(3, 40):
        assert len(shorten("é€😀" * 10, size).encode()) <= size
