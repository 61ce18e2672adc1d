import numpy as np
import pytest

from zipread.lab.synth.cutout import LEAST_SIDE, cut_out
from zipread.lab.synth.mail import MailTruth
from zipread.records import Box


@pytest.mark.parametrize("part", ["address", "line"])
@pytest.mark.parametrize("size", [(600, 900), (130, 260)])
def test_a_code_is_all_there_in_what_is_cut_out_and_its_truth_follows(part, size):
    picture = np.full((*size, 3), 200, np.uint8)
    left, top = size[1] // 2, size[0] // 2
    picture[top : top + 20, left : left + 60] = 0
    corners = tuple((float(left + x), float(top + y)) for x, y in ((0, 0), (60, 0), (60, 20), (0, 20)))
    truth = MailTruth("62704", "", Box(left, top, 60, 20), "printed", "letter", (), 0.0, corners)

    kept, cut = cut_out(np.random.default_rng(5), picture, truth, part)

    assert max(kept.shape) >= min(LEAST_SIDE, max(size)) and kept.shape[0] < kept.shape[1]
    (x, y), (right, bottom) = (f(np.array(cut.corners), axis=0).round().astype(int) for f in (np.min, np.max))
    assert abs(cut.box.x - x) <= 1 and abs(cut.box.right - right) <= 1
    dark = kept[..., 0] < 100
    inside = dark[y:bottom, x:right]
    assert inside.mean() > 0.9 and dark.sum() - inside.sum() < 0.2 * dark.sum()
    lines = kept.shape[0] / (bottom - y)
    assert lines < 3 if part == "line" else lines > 4
