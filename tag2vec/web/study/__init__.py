"""The rating study: people say which of the hashtags suggested for a clip are relevant.

Singh et al., Learning to Hash-tag Videos with Tag2Vec (2016), section 4.2: each rater marks the relevant ones of 15
tags of each clip. Here those of several models, and random popular ones as a control, are mixed, so that no rater knows
where one comes from. `making` writes a study, `serving` asks, `store` keeps the marks, `report` counts them.
"""
