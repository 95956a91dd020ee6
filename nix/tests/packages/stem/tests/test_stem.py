"""Runs against the installed package, with unittest alone."""

import unittest

import stem


class Seen(unittest.TestCase):
    def test_what_it_sees(self):
        self.assertIn(stem.seen(), ("1.0", "2.0"))

    def test_where_it_is(self):
        self.assertIn("site-packages", stem.__file__)
