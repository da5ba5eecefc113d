"""The process that decodes one clip, and how its parent reads what it writes.

`tag2vec.embed.frames` starts the child (`child.py`) with its limits as JSON; standard input is the file. Files come
from strangers, so all that FFmpeg touches happens there: memory and processor time are bounded, the only protocol that
FFmpeg may use is the descriptor that is already open, and only containers that cannot name other files are read. The
child imports no numpy, because every clip pays for its start. For a folder of pictures standard input is a list of
them; the child opens one after the other in its place, and FFmpeg sees the same descriptor.

What is written, in this order. For pictures: one JSON line with their size; for each a letter F, its time in
seconds (float64) and its rows (height, width, 3) uint8. Where motion is wanted too, before each letter F, for all
pictures that were decoded since the last: a letter M, width and height (uint32), two shares (float64, see
`references`), how many vectors there are (uint32), and these as FFmpeg's AVMotionVector, 40 bytes each. For sound, a
piece at a time: a letter S, the number of channels (uint8) and of samples (uint32), and the samples (samples, channels)
float32 at SOUND_RATE. At the end a letter E and a JSON line that says how it ended; without E the process was killed.
"""

SOUND_RATE = 16_000  # samples a second
SOUND_ONLY = "has sound but no picture"
