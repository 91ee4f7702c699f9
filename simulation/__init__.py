"""The synthetic city: made-up people, what departments know about them, and the truth beside it.

Everything is drawn from one seed in chunks of at most 100,000 people, each chunk from its own random stream, so that
memory stays bounded and the same seed gives the same bytes with one worker or several. README.md has the columns.

Never deployed. Needs NumPy and PyArrow.
"""
