"""Tests of the real-time mode, in processes of their own: it cannot be left again."""

import json
import subprocess
import sys

SHOW = """
import dataclasses, gc, json
from robot_runtime.runtime import realtime
{before}
report = realtime.enter_realtime({priority}, {cpu})
print(json.dumps(dataclasses.asdict(report) | {{'gc': gc.isenabled()}}))
"""


def enter(before='', priority=10, cpu=None):
    code = SHOW.format(before=before, priority=priority, cpu=cpu)
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


REFUSE = """
import os
def refuse(*_): raise PermissionError(1, 'Operation not permitted')
os.sched_setscheduler = refuse
import resource
resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
class Libc:
    def mlockall(self, flags): return -1
realtime.ctypes.CDLL = lambda *_, **__: Libc()
"""


def test_without_the_rights_it_runs_and_says_what_is_lost_and_how_to_get_them():
    report = enter(REFUSE)
    assert (report['fifo'], report['locked'], report['frozen']) == (False, False, True)
    fifo, memory = report['sentences']
    assert 'no SCHED_FIFO at priority 10' in fifo
    assert '@realtime - rtprio 99' in fifo
    assert 'memory is not locked' in memory
    assert '@realtime - memlock unlimited' in memory


def test_the_collector_is_off_and_every_loss_has_its_sentence():
    report = enter()
    assert not report['gc']
    assert len(report['sentences']) == [report['fifo'], report['locked']].count(False)


def test_a_core_that_is_not_there_is_named():
    assert 'core 9999 was refused' in enter(cpu=9999)['sentences'][0]


def test_the_other_threads_stay_below_the_loop():
    code = """
import os, threading
from robot_runtime.runtime import realtime
stop = threading.Event()
other = threading.Thread(target=stop.wait)
other.start()
asked = {}
os.sched_setscheduler = lambda tid, policy, param: asked.update({tid: param.sched_priority})
changed = realtime.set_other_threads_fifo(7)
stop.set()
assert asked == {other.native_id: 7}, asked
assert changed == (other.native_id,)
"""
    subprocess.run([sys.executable, '-c', code], check=True)
