"""Hashtag posts in, corpus out."""
