"""A property of shorten, on many texts and sizes."""

import random


def test_shorten(shorten):
    chooser = random.Random(1)
    for _ in range(2000):
        text = "".join(chooser.choices("ab é€😀", k=chooser.randrange(12)))
        size = chooser.randrange(3, 30)
        short = shorten(text, size)
        if len(text.encode()) <= size:
            assert short == text
            continue
        assert len(short.encode()) <= size
        assert short.endswith("…")
        kept = short[:-1]
        assert text.startswith(kept)
        assert len((text[: len(kept) + 1] + "…").encode()) > size
