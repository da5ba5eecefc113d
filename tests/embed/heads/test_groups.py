"""What a group of hashtags is: the clips with one first tag, whatever else they carry."""

from __future__ import annotations

import torch

from tag2vec.embed.fitting import tags_of
from tag2vec.embed.heads import Vectors, Wanted
from tag2vec.embed.heads.groups import GroupsHead
from tests.spaces import TAGS, space

CLIPS = [[0, 1], [3, 1], [0, 1, 2], [0, 4], [0, 1]]  # rows of tags; 0 and 3 stand first


def _head() -> GroupsHead:
    return GroupsHead(Vectors([4], [256]), tags_of(space(), CLIPS))


def test_clips_with_one_first_tag_are_a_group() -> None:
    sure = torch.tensor([[100.0, 0.0], [0.0, 100.0]])  # of the group of tag 0, of that of tag 3
    head = _head()
    assert head.carried.tolist() == [0, 1, 3, 2, 4]
    expected = torch.tensor([[1.0, 0.75, 0.0, 0.25, 0.25], [0.0, 1.0, 1.0, 0.0, 0.0]])
    torch.testing.assert_close(head.direct(sure), expected)


def test_the_loss_asks_for_the_group_of_the_first_tag() -> None:
    words = torch.tensor([own[0] for own in CLIPS])
    points = torch.tensor([[2.0, 0.0]]).repeat(len(CLIPS), 1)
    losses = _head().loss(points, Wanted(torch.zeros(len(CLIPS), len(TAGS)), words))
    right, wrong = torch.tensor([2.0, 0.0]).log_softmax(dim=0).neg()
    torch.testing.assert_close(losses, torch.stack([right, wrong, right, right, right]))
