"""Arguments of the launch files: their types, and one sentence for what is not allowed."""

import pytest
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.launch_arguments import defaults, MEANING, misspelt, processes
from robot_runtime.runtime.processes import process_list


def test_the_defaults_give_the_processes_of_the_command_line():
    names = [process.name for process in process_list(sim=True)]
    assert [process.name for process in processes(defaults(), sim=True)] == names
    assert [one.command() for one in processes(defaults(), sim=True)] == [
        one.command() for one in process_list(sim=True)
    ]
    assert 'sim_node' not in [process.name for process in processes(defaults(), sim=False)]


def test_each_text_reaches_the_processes_in_its_own_type():
    given = defaults() | {
        'rt': 'False', 'rate_hz': '125', 'seed': '7', 'record': 'bag', 'namespace': 'left',
    }  # fmt: skip
    words = {one.name: one.command() for one in processes(given, sim=True)}
    assert {'rate_hz:=125.0', 'real_time:=false', '__ns:=/left'} <= set(words['safety_node'])
    assert 'seed:=7' in words['sim_node']
    assert "output:='bag'" in words['recorder_node']


@pytest.mark.parametrize(
    ('name', 'text', 'sentence'),
    [
        ('rt', 'maybe', 'rt:=maybe, but it must be true or false'),
        ('rate_hz', 'fast', 'rate_hz:=fast, but it must be a number: [Hz]'),
        ('seed', '1.5', 'seed:=1.5, but it must be a whole number'),
        ('robot', 'nobody', "no robot is named 'nobody'; there are: fr3"),
        ('policy', 'nothing', "no policy is named 'nothing'"),
    ],
)
def test_a_wrong_text_is_refused_in_one_sentence(name, text, sentence):
    with pytest.raises(ConfigError) as caught:
        processes(defaults() | {name: text}, sim=False)
    assert sentence in str(caught.value)
    assert '\n' not in str(caught.value)


def test_a_misspelt_name_is_told_and_a_foreign_one_is_let_be():
    assert misspelt([*MEANING, 'use_sim_time', 'polcy']) == [
        'polcy:= is no argument of this launch file; policy is'
    ]
