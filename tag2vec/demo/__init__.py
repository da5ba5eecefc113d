"""The demo behind `make demo`: synthetic posts and clips, so that the main job runs anywhere with no data.

Everything is synthetic and written for this project: the clips are textured shapes that move like toy
versions of 29 activities, the hashtags are authored, the authors of the posts are invented. Good figures on
it show that the parts work together; they say nothing about real clips.
"""

from tag2vec.demo.write import write_demo

__all__ = ["write_demo"]
