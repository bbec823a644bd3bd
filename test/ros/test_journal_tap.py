"""Tap on journals: it reads those of its own robot only."""

import os

import numpy as np
from robot_runtime.ros.journal_tap import JournalTap
from robot_runtime.runtime.journal import journal_name, JournalWriter

DOMAIN = 90_000 + os.getpid() % 10_000


def test_a_tap_reads_the_journal_of_its_own_robot_and_not_of_the_one_beside_it():
    dtype = np.dtype([('n', 'i8')])
    left, right = (
        JournalWriter(journal_name(DOMAIN, f'/{side}/arm_node'), dtype, 8)
        for side in ('left', 'right')
    )
    try:
        tap = JournalTap(DOMAIN, ['/left/arm_node'])
        tap.look()
        left.commit()
        right.commit()
        assert [topic.name for topic, _ in tap.take()] == ['/left/journal/arm_node']
    finally:
        left.close()
        right.close()
