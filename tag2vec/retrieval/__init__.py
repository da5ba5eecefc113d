"""Vector in, hashtags out."""
