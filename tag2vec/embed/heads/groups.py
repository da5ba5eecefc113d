"""One of the hashtag groups that training clips carry, each named by its first tag: `#punch #strike #combat`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tag2vec.embed.heads import Head, Tags, Vectors, Wanted


class GroupsHead(Head):
    """Palihena and Randika: A Model to Determine Hashtags for Social Media Video Clips (2024): a softmax over groups.

    Clips with the same first tag are a group: people add what they like after it, and with a class for each set of tags
    there would soon be as many classes as clips. The score of a tag is the sum over groups of a group's probability
    times the share of its clips that carry the tag.
    """

    epochs = 100
    calibrated = False  # a softmax gives probabilities
    place: Tensor  # (v,) the group that a tag names
    members: Tensor  # (l, groups): the share of a group's clips that carry a tag

    def __init__(self, seen: Vectors, tags: Tags) -> None:
        super().__init__(seen, tags)
        self.groups = len(firsts := list(dict.fromkeys(own[0] for own in tags.clips)))
        place, members = torch.zeros(len(tags.prior), dtype=torch.int64), torch.zeros(len(self.carried), self.groups)
        place[firsts] = torch.arange(self.groups)
        at = {row: number for number, row in enumerate(self.carried.tolist())}
        for own in tags.clips:
            members[[at[row] for row in own], place[own[0]]] += 1
        members /= members[[at[row] for row in firsts], range(self.groups)].clone()
        self.register_buffer("place", place, persistent=False)
        self.register_buffer("members", members, persistent=False)
        self.register_buffer("rare", 1e-6 * tags.prior, persistent=False)
        self.net = nn.Sequential(nn.Dropout(0.5), nn.Linear(self.axes.out_dim, self.groups))

    def loss(self, points: Tensor, wanted: Wanted) -> Tensor:
        return nn.functional.cross_entropy(points, self.place[wanted.words], reduction="none")

    def direct(self, points: Tensor) -> Tensor:
        return points.softmax(dim=1) @ self.members.T
