"""How the names of files that clips are read from end."""

from __future__ import annotations

_VIDEOS = "3gp avi flv gif m2ts m4v mkv mov mp4 mpeg mpg mts ogv qt ts vob webm wmv y4m"
_PICTURES = "avif bmp jfif jpeg jpg jxl png tif tiff webp"
VIDEOS, PICTURES = (frozenset(f".{ending}" for ending in endings.split()) for endings in (_VIDEOS, _PICTURES))
