"""The checks of the guide's exercises: `chapter_NN.py` has those of a chapter, the other modules kinds of answers."""
