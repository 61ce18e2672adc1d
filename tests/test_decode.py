import numpy as np
import pytest

from zipread.decode import UNRELATED, Calibration, Decoded, decide, log_odds, weigh
from zipread.decode.columns import best_codes, code_scores
from zipread.decode.plus4 import NINE_LEAD, are_nine
from zipread.decode.search import Path
from zipread.records import Box, Candidate, Lattice

PLAIN = Calibration.from_manifest({})


def candidate(start: int, stop: int, y: int = 0, height: int = 40) -> Candidate:
    return Candidate(start, stop, Box(30 * start, y, 25 * (stop - start), height), np.zeros((height, 25), np.uint8))


def row(digit: int, probability: float = 0.98, second: int | None = None) -> np.ndarray:
    """Scores of one candidate; digit 10 is "not one digit"."""
    scores = np.full(11, (1 - probability) / 10, np.float32)
    scores[digit] = probability
    if second is not None:
        scores[:] = 0.001
        scores[digit], scores[second] = probability, 0.99 - probability
    return scores


def lattice_of(candidates: list[Candidate], skips: tuple[float, ...]) -> Lattice:
    return Lattice(len(skips), tuple(candidates), skips, 40.0, (0.2,) * (len(skips) - 1))


def five(digits: str) -> tuple[Lattice, np.ndarray]:
    lattice = lattice_of([candidate(i, i + 1) for i in range(5)], (7.0,) * 5)
    return lattice, np.stack([row(int(d)) for d in digits])


def decode(
    lattice: Lattice,
    scores: np.ndarray,
    digits: int,
    directory: np.ndarray | None,
    calibration: Calibration,
    columns: np.ndarray | None = None,
) -> Decoded | None:
    weighed = weigh(lattice, scores, digits, () if columns is None else (columns,))
    return decide([] if weighed is None else [weighed], digits, directory, calibration)


def test_reads_five_digits_and_keeps_leading_zeros():
    decoded = decode(*five("02139"), 5, None, PLAIN)
    assert decoded is not None
    assert decoded.code == "02139"
    assert decoded.candidates == (0, 1, 2, 3, 4)
    assert decoded.plus4 == ""
    assert decoded.confidence > 0.8


def test_a_wrong_cut_loses_to_the_whole_digit():
    # Atoms 0 and 1 are the halves of a zero: apart they are no digits.
    candidates = [candidate(0, 1), candidate(1, 2), candidate(0, 2), *(candidate(i, i + 1) for i in range(2, 6))]
    scores = np.stack([row(10), row(10), row(0), row(1), row(2), row(3), row(4)])
    lattice = Lattice(6, tuple(candidates), (7.0,) * 6, 40.0, (-0.02, 0.2, 0.2, 0.2, 0.2))
    decoded = decode(lattice, scores, 5, None, PLAIN)
    assert decoded is not None
    assert decoded.code == "01234"


def test_noise_is_skipped_at_a_cost():
    candidates = [candidate(i, i + 1) for i in (0, 1, 3, 4, 5)]
    lattice = lattice_of(candidates, (7.0, 7.0, 0.3, 7.0, 7.0, 7.0))
    decoded = decode(lattice, np.stack([row(d) for d in (7, 5, 2, 0, 2)]), 5, None, PLAIN)
    assert decoded is not None
    assert decoded.code == "75202"


def test_fewer_digits_than_wanted_is_no_reading():
    lattice = lattice_of([candidate(i, i + 1) for i in range(4)], (7.0,) * 4)
    assert decode(lattice, np.stack([row(1)] * 4), 5, None, PLAIN) is None
    assert decode(lattice, np.stack([row(1)] * 4), 4, None, PLAIN) is not None


def test_plus4_is_read_and_a_doubtful_one_left_out():
    candidates = [candidate(i, i + 1) for i in (*range(5), *range(6, 10))]
    lattice = lattice_of(candidates, (*(7.0,) * 5, 0.3, *(7.0,) * 4))
    scores = np.stack([row(int(d)) for d in "021394307"])
    decoded = decode(lattice, scores, 5, None, PLAIN)
    assert decoded is not None
    assert (decoded.code, decoded.plus4) == ("02139", "4307")
    scores[7] = row(0, 0.55, second=6)
    doubtful = decode(lattice, scores, 5, None, PLAIN)
    assert doubtful is not None
    assert (doubtful.code, doubtful.plus4) == ("02139", "")
    assert doubtful.confidence == pytest.approx(decoded.confidence, abs=0.02)


@pytest.mark.parametrize(
    ("fifth", "sixth", "apart"),
    [  # where they begin and end; the others are 20 pixels wide and stand 30 apart
        ((120, 140), (168, 188), True),  # white space
        ((120, 164), (168, 188), True),  # a dash that clings to the fifth
        ((120, 140), (144, 188), True),  # to the sixth
        ((120, 140), (150, 170), False),  # nine digits in a row
        ((120, 140), (154, 174), False),  # not quite evenly
    ],
)
def test_a_plus4_stands_apart_by_its_step(fifth, sixth, apart):
    others = [(30 * i, 30 * i + 20) for i in range(4)], [(sixth[1] + 30 * i - 20, sixth[1] + 30 * i) for i in (1, 2, 3)]
    boxes = [Box(left, 0, right - left, 40) for left, right in (*others[0], fifth, sixth, *others[1])]
    candidates = [Candidate(i, i + 1, box, np.zeros((40, box.width), np.uint8)) for i, box in enumerate(boxes)]
    scores = np.stack([row(int(d)) for d in "021394307"])
    decoded = decode(lattice_of(candidates, (7.0,) * 9), scores, 5, None, PLAIN)
    if apart:
        assert decoded is not None
        assert (decoded.code, decoded.plus4) == ("02139", "4307")
    else:  # five digits torn out of nine are no code
        assert decoded is None
        told = weigh(lattice_of(candidates, (7.0,) * 9), scores, 5, plus4_step=0.0)
        assert told is not None and max(told.shares, key=lambda code: told.shares[code]) == "02139"


def test_the_directory_decides_between_equals_but_makes_nothing_sure():
    lattice, scores = five("77002")
    scores[4] = row(7, 0.55, second=2)
    exists = np.arange(100_000) % 2 == 0
    without = decode(lattice, scores, 5, None, PLAIN)
    with_prior = decode(lattice, scores, 5, exists, PLAIN)
    assert without is not None
    assert with_prior is not None
    assert without.code == "77007"
    assert with_prior.code == "77002"
    assert with_prior.confidence < 0.75
    assert with_prior.alternatives[0][0] == "77007"


def test_a_code_that_is_not_listed_is_hardly_ever_sure():
    lattice, scores = five("77003")
    exists = np.arange(100_000) % 2 == 0
    plain, unlisted, listed = (decode(lattice, scores, 5, listed, PLAIN) for listed in (None, exists, ~exists))
    assert plain is not None
    assert unlisted is not None
    assert listed is not None
    assert unlisted.code == plain.code == listed.code == "77003"
    # One right code in a hundred is not listed, and one misreading in two.
    assert log_odds(unlisted.confidence) == pytest.approx(log_odds(plain.confidence) + np.log(0.01 / 0.5))
    assert log_odds(listed.confidence) == pytest.approx(log_odds(plain.confidence) + np.log(0.99 / 0.5))


def test_the_directory_does_not_overrule_a_clear_picture():
    lattice, scores = five("00001")
    exists = np.zeros(100_000, bool)
    exists[501] = True
    decoded = decode(lattice, scores, 5, exists, PLAIN)
    assert decoded is not None
    assert decoded.code == "00001"


def test_doubt_lowers_the_confidence():
    lattice, scores = five("12345")
    sure = decode(lattice, scores, 5, None, PLAIN)
    scores[2] = row(3, 0.6, second=8)
    unsure = decode(lattice, scores, 5, None, PLAIN)
    scores[2] = row(10, 0.99)
    junk = decode(lattice, scores, 5, None, PLAIN)
    assert sure is not None
    assert unsure is not None
    assert junk is not None
    assert sure.confidence > unsure.confidence > junk.confidence
    assert unsure.alternatives[0][0] == "12845"


def test_no_alternative_stands_with_more_than_the_code():
    lattice, scores = five("12345")
    scores[2] = row(3, 0.51, second=8)
    doubtful = Calibration(PLAIN.weights, PLAIN.bias - 3.0)
    for calibration in (PLAIN, doubtful):
        decoded = decode(lattice, scores, 5, None, calibration)
        assert decoded is not None
        shares = [decoded.confidence, *(share for _, share in decoded.alternatives)]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1.0
    assert decoded.confidence < 0.3


def columns_of(text: str, sure: float = 0.98) -> np.ndarray:
    """Columns that say the digits of `text`, with nothing between them."""
    columns = np.full((2 * len(text) + 1, 11), (1 - sure) / 10, np.float32)
    columns[::2, 10] = sure
    for at, name in enumerate(text):
        columns[2 * at + 1, int(name)] = sure
    return columns


WITH_COLUMNS = Calibration((0.5, -1.0, 0.0, 0.0, -1.0, 0.2), 2.0)


def test_readers_who_agree_are_surer_than_readers_who_do_not():
    lattice, scores = five("12345")
    scores[2] = row(3, 0.7, second=8)
    agreed = decode(lattice, scores, 5, None, WITH_COLUMNS, columns_of("12345"))
    disputed = decode(lattice, scores, 5, None, WITH_COLUMNS, columns_of("12845", 0.8))
    assert agreed is not None
    assert disputed is not None
    assert agreed.code == "12345"
    assert agreed.confidence > 0.95 > 0.8 > disputed.confidence


def test_what_the_second_reader_alone_proposes_can_win():
    # The lattice follows three guesses for a digit; the right one is the fourth.
    lattice, scores = five("12345")
    scores[2] = np.array([0.01, 0.2, 0.02, 0.02, 0.02, 0.02, 0.3, 0.2, 0.2, 0.0, 0.01], np.float32)
    assert decode(lattice, scores, 5, None, PLAIN).code != "12345"
    assert decode(lattice, scores, 5, None, PLAIN, columns_of("12345")).code == "12345"


def test_what_the_second_reader_sees_at_several_sizes_counts_together():
    lattice, scores = five("12345")
    scores[2] = row(8, 0.5, second=3)
    wrong, right, too_short = columns_of("12845", 0.6), columns_of("12345", 0.7), columns_of("1")
    alone = weigh(lattice, scores, 5, (wrong,))
    together = weigh(lattice, scores, 5, (wrong, right, too_short))
    assert decide([alone], 5, None, PLAIN).code == "12845"
    assert decide([together], 5, None, PLAIN).code == "12345"
    both = weigh(lattice, scores, 5, (wrong, right))
    assert together.rivals == both.rivals  # a size at which no code fits says nothing
    single = [weigh(lattice, scores, 5, (way,)).rivals for way in (wrong, right)]
    assert np.exp(both.rivals["12345"]) == pytest.approx(np.mean([np.exp(one["12345"]) for one in single]))


def test_looks_that_doubt_different_digits_decide_together():
    lattice, first = five("12345")
    second = first.copy()
    first[1] = row(8, 0.5, second=2)
    second[3] = row(9, 0.5, second=4)
    looks = [weigh(lattice, scores, 5) for scores in (first, second)]
    together = decide(looks, 5, None, PLAIN)
    assert [decide([look], 5, None, PLAIN).code for look in looks] == ["18345", "12395"]
    assert together.code == "12345"
    assert together.look in (0, 1)
    assert {code for code, _ in together.alternatives} >= {"18345", "12395"}


def test_a_look_that_misses_a_code_does_not_rule_it_out():
    lattice, clear = five("12345")
    blind = np.stack([row(9, 0.5, second=8)] * 5)
    assert decide([weigh(lattice, blind, 5), weigh(lattice, clear, 5)], 5, None, PLAIN).code == "12345"


def test_a_doubtful_plus4_leaves_the_five_as_sure():
    candidates = [candidate(i, i + 1) for i in (*range(5), *range(6, 10))]
    lattice = lattice_of(candidates, (*(7.0,) * 5, 0.3, *(7.0,) * 4))
    scores = np.stack([row(int(d)) for d in "021394307"])
    clear = columns_of("021394307")
    doubtful = clear.copy()
    doubtful[15, [0, 6]] = 0.5, 0.48
    features = [decode(lattice, scores, 5, None, WITH_COLUMNS, seen).features for seen in (clear, doubtful)]
    assert features[1][4] == pytest.approx(features[0][4], abs=0.35)
    assert features[1][5] > features[0][5] - 0.1


@pytest.mark.parametrize(
    ("second_sees", "sure", "length"),
    [
        ("02139   4307", 0.98, 9),  # it sees white space
        ("02139   4307", 0.8, 9),  # the same, and doubtful digits on either side
        ("021394307", 0.98, 0),  # nine in a row
        ("02139       ", 0.98, 5),  # nothing after the five
    ],
)
def test_the_second_reader_has_a_say_in_what_a_plus4_is(second_sees, sure, length):
    others = [(30 * i, 30 * i + 20) for i in range(5)], [(6 + 30 * i, 26 + 30 * i) for i in range(5, 9)]
    boxes = [Box(left, 0, right - left, 40) for left, right in (*others[0], *others[1])]  # a step of 36 instead of 30
    candidates = [Candidate(i, i + 1, box, np.zeros((40, 20), np.uint8)) for i, box in enumerate(boxes)]
    scores = np.stack([row(int(d), 0.98 if i % 3 else 0.3) for i, d in enumerate("021394307")])
    told = columns_of(second_sees.replace(" ", "0"), sure)
    for at, name in enumerate(second_sees):
        if name == " ":
            told[2 * at + 1] = told[0]
    decoded = decode(lattice_of(candidates, (7.0,) * 9), scores, 5, None, WITH_COLUMNS, told)
    assert (0 if decoded is None else len(decoded.candidates)) == length


@pytest.mark.parametrize("step", [0, -30])
def test_nine_boxes_that_do_not_follow_each_other_are_no_plus4(step):
    boxes = [Box(300 + step * i, 0, 20, 40) for i in range(9)]
    candidates = [Candidate(i, i + 1, box, np.zeros((40, 20), np.uint8)) for i, box in enumerate(boxes)]
    scores = np.stack([row(int(d)) for d in "021394307"])
    decoded = decode(lattice_of(candidates, (7.0,) * 9), scores, 5, None, WITH_COLUMNS, columns_of("021394307"))
    assert decoded is None


@pytest.mark.parametrize("seed", range(40))
def test_nine_lead_before_five_as_both_readers_together_say(seed):
    rng = np.random.default_rng(seed)
    shown = [5, 9, 7, 9][seed % 4]
    columns = rng.random((36, 11)) ** 4 * [0.05, 0.4, 0.9][seed % 3]
    columns[:, 10] += 1.0
    at = np.arange(shown) * 36 // shown + 1
    columns[at, rng.integers(0, 10, shown)] += rng.random(shown) * 40
    columns = (columns / columns.sum(axis=1, keepdims=True)).astype(np.float32)
    nine, five = (code_scores(columns, best_codes(columns, length)[:1])[0] for length in (9, 5))
    for lead in (-60.0, -20.0, -4.0, 0.0, 4.0, 12.0, 30.0, 80.0):
        long, short = (Path(score, (), (), (), 0.0, 0.0) for score in (lead, 0.0))
        assert are_nine(long, [short], [columns]) == (lead + nine - five >= NINE_LEAD)
    assert are_nine(Path(9.0, (), (), (), 0.0, 0.0), [Path(0.0, (), (), (), 0.0, 0.0)], [])
    assert not are_nine(Path(7.0, (), (), (), 0.0, 0.0), [Path(0.0, (), (), (), 0.0, 0.0)], [])


def in_context(said: dict[str, float], second_of_last: int = 8, sure: float = 0.7) -> tuple[Decoded, Decoded]:
    """12343 or 12348 (or as told), decided alone and with what stands around."""
    lattice, scores = five("12343")
    scores[4] = row(3, sure, second=second_of_last)
    looks = [weigh(lattice, scores, 5)]
    alone = decide(looks, 5, None, PLAIN)
    together = decide(looks, 5, None, PLAIN, lambda codes: {code: said.get(code, UNRELATED) for code in codes})
    assert alone is not None and together is not None
    return alone, together


def test_what_stands_around_chooses_between_codes():
    alone, together = in_context({"12348": -0.2})
    assert (alone.code, together.code) == ("12343", "12348")
    assert alone.agreement is None
    assert together.agreement == -0.2
    assert together.candidates == (0, 1, 2, 3, 4)
    assert together.confidence > dict(alone.alternatives)["12348"] + 0.3
    assert dict(together.alternatives)["12343"] < 0.01


def test_what_stands_around_makes_a_code_surer_but_never_certain():
    alone, together = in_context({"12343": -0.2})
    assert alone.code == together.code == "12343"
    assert alone.confidence < together.confidence < 0.99


def test_what_goes_with_no_code_makes_all_of_them_doubtful_alike():
    alone, together = in_context({})
    assert together.code == "12343"
    assert together.confidence == pytest.approx(alone.confidence)
    assert together.agreement == UNRELATED


def test_what_goes_with_two_codes_alike_does_not_choose():
    alone, together = in_context({"12343": -0.2, "12348": -0.2})
    assert together.code == alone.code
    apart_alone, apart = (log_odds(d.confidence) - log_odds(dict(d.alternatives)["12348"]) for d in (alone, together))
    assert apart == pytest.approx(apart_alone, abs=0.6)


def test_what_goes_with_a_code_one_digit_off_that_nobody_proposed_makes_all_of_them_doubtful():
    alone, together = in_context({"12373": -0.2})
    assert together.code == "12343"
    assert together.confidence < alone.confidence - 0.4
    assert "12373" not in dict(together.alternatives)
    assert in_context({"15373": -0.2})[1].confidence == pytest.approx(alone.confidence)  # two digits off
    first_goes_with_it = {"12343": -2.9}
    assert in_context(first_goes_with_it | {"12373": -0.2})[1] == in_context(first_goes_with_it)[1]


def test_before_a_forms_label_only_what_goes_with_a_code_speaks():
    lattice, scores = five("12343")
    looks = [weigh(lattice, scores, 5)]
    alone = decide(looks, 5, None, PLAIN)
    doubted, left = (
        decide(looks, 5, None, PLAIN, lambda codes, only=only: {only: -0.7} if only in codes else {})
        for only in ("92343", "99343")
    )
    assert doubted.confidence < left.confidence == alone.confidence
    assert doubted.agreement is None


def test_where_nothing_stands_around_nothing_changes():
    lattice, scores = five("12343")
    looks = [weigh(lattice, scores, 5)]
    assert decide(looks, 5, None, PLAIN, lambda codes: {}) == decide(looks, 5, None, PLAIN)
