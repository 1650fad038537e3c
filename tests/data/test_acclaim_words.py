"""Acclaim files as words: comments and encodings as other programs write them."""

import numpy as np
import pytest

from tests.data.test_acclaim import AMC, ASF
from vhp_core.data import read_amc, read_asf
from vhp_core.data.acclaim_words import words_of

UMLAUT = "# Vorlage für HDM05 …\n"


def same(skeleton, other):
    assert skeleton.names == other.names
    assert skeleton.dof == other.dof
    for field in ("directions", "lengths", "axes", "metres"):
        np.testing.assert_array_equal(getattr(skeleton, field), getattr(other, field))
    return True


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_f2_comments_in_any_encoding_are_read(write, encoding):
    """In cp1252 the three dots are byte 0x85, which Unicode counts among the ends of lines."""
    plain = read_asf(write(ASF))
    motion = read_amc(write(AMC, "hand.amc"), plain)
    assert same(plain, read_asf(write((UMLAUT + ASF).encode(encoding))))
    first = ASF[ASF.index(":units") :].replace("\n", " " + UMLAUT, 1)  # a word before any comment
    assert same(plain, read_asf(write(first.encode(encoding))))
    found = read_amc(write((UMLAUT + AMC).encode(encoding), "hand.amc"), plain)
    np.testing.assert_array_equal(found.channels, motion.channels)


def test_f2_a_fault_keeps_the_number_of_its_line(write):
    text = (UMLAUT + ASF.replace("length 2", "length two")).encode("cp1252")
    with pytest.raises(ValueError, match=r"line 18: .*'two'"):
        read_asf(write(text))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_f5_comments_at_the_end_of_a_line_are_read(write, end):
    """After any line of both files; a number that runs into its comment ends there."""
    plain = read_asf(write(ASF))
    motion = read_amc(write(AMC, "hand.amc"), plain)

    def commented(text, mark):
        lines = (line if line[:1] == "#" else line + mark for line in text.splitlines())
        return end.join(lines) + end

    assert same(plain, read_asf(write(commented(ASF, " # CMU, 1 # 2"))))
    for mark in (" # 7", "# 7", "\t#"):
        found = read_amc(write(commented(AMC, mark), "hand.amc"), plain)
        np.testing.assert_array_equal(found.channels, motion.channels)


def test_commas_and_parentheses_are_space(write):
    assert same(read_asf(write(ASF)), read_asf(write(ASF.replace("0 1 0", "(0,1, 0)"))))


def test_words_have_the_numbers_of_their_lines(write):
    assert words_of(write("# a\n\n :x (1,2)# b\n#\nc")) == [(3, [":x", "1", "2"]), (5, ["c"])]
