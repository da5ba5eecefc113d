"""Tags and clips into one vector space."""
