"""Tests of the journal in shared memory."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from robot_runtime.runtime import journal
from robot_runtime.runtime.journal import control_dtype, JournalReader, JournalWriter

DTYPE = np.dtype([('n', 'i8'), ('q', 'f8', (8,))])
DOMAIN = 4_000_000_000 + os.getpid()  # no other test's


@pytest.fixture
def writer():
    made = JournalWriter(journal.journal_name(DOMAIN, 'test_node'), DTYPE, 8)
    yield made
    made.close()


def write(writer, *numbers):
    for n in numbers:
        writer.record['n'] = n
        writer.record['q'] = n
        writer.commit()


def test_records_come_out_as_they_went_in(writer):
    reader = JournalReader(writer.name)
    write(writer, 3, 4)
    taken = reader.take()
    assert taken['n'].tolist() == [3, 4]
    assert taken['q'][1].tolist() == [4.0] * 8
    assert len(reader.take()) == 0
    assert reader.dtype == DTYPE


def test_a_reader_that_lags_counts_what_it_lost(writer):
    reader = JournalReader(writer.name)
    write(writer, *range(20))
    taken = reader.take()
    assert taken['n'].tolist() == list(range(13, 20))
    assert reader.overruns == 13


def test_taking_in_parts_loses_nothing(writer):
    reader = JournalReader(writer.name)
    write(writer, *range(7))
    assert [reader.take(3)['n'].tolist() for _ in range(4)] == [[0, 1, 2], [3, 4, 5], [6], []]
    assert reader.overruns == 0


def test_the_end_is_readable_after_the_writer_has_gone(writer):
    reader = JournalReader(writer.name)
    write(writer, 1)
    writer.close()
    assert reader.closed
    assert reader.take()['n'].tolist() == [1]
    with pytest.raises(FileNotFoundError):
        JournalReader(writer.name)


def test_a_reader_that_ends_does_not_take_the_journal_with_it(writer):
    code = 'import sys; from robot_runtime.runtime.journal import *; JournalReader(sys.argv[1])'
    subprocess.run([sys.executable, '-c', code, writer.name], check=True)
    assert writer.name in journal.journals(DOMAIN)


def test_a_killed_writer_leaves_a_journal_that_is_removed():
    code = """
import os, sys
from robot_runtime.runtime.journal import *
JournalWriter(journal_name(int(sys.argv[1]), 'killed_node'), control_dtype(8), 4)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, '-c', code, str(DOMAIN)], check=False)
    assert done.returncode == -9
    assert journal.journals(DOMAIN) == ()
    removed = journal.remove_stale(DOMAIN)
    assert [name.split('_', 2)[2].rsplit('_', 1)[0] for name in removed] == ['killed_node']
    assert journal.remove_stale(DOMAIN) == ()


def test_no_record_is_ever_half_old_and_half_new(writer):
    reader = JournalReader(writer.name)
    thread = threading.Thread(target=write, args=(writer, *range(20_000)))
    thread.start()
    seen = 0
    while thread.is_alive() or seen + reader.overruns < 20_000:
        taken = reader.take()
        assert (taken['q'] == taken['n'][:, None]).all()
        assert (np.diff(taken['n']) == 1).all()
        seen += len(taken)
    thread.join()
    assert seen + reader.overruns == 20_000


def test_two_writers_cannot_share_a_name(writer):
    with pytest.raises(FileExistsError):
        JournalWriter(writer.name, DTYPE, 8)


@pytest.mark.parametrize('dtype', [control_dtype(8), journal.gate_dtype(12)])
def test_the_records_of_control_and_gate_survive_the_way(dtype):
    made = JournalWriter(journal.journal_name(DOMAIN, 'dtype_node'), dtype, 4)
    try:
        made.record['q'] = 0.1
        made.commit()
        reader = JournalReader(made.name)
        assert reader.dtype == dtype
        assert (reader.take()['q'] == 0.1).all()
    finally:
        made.close()


def test_two_robots_of_one_domain_have_journals_of_their_own():
    made = [
        JournalWriter(journal.journal_name(DOMAIN, f'/{side}/arm_node'), DTYPE, 4)
        for side in ('left', 'right')
    ]
    try:
        nodes = {journal.node_of(name) for name in journal.journals(DOMAIN)}
        assert nodes == {'left/arm_node', 'right/arm_node'}
    finally:
        for one in made:
            one.close()
