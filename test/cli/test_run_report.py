"""Report of a run: lines keep their extremes, and a page says only what was so."""

from pathlib import Path

import numpy as np
import pytest
from robot_runtime.cli import run_page
from robot_runtime.cli.run_charts import thinned
from robot_runtime.cli.run_facts import Frame
from robot_runtime.runtime.mcap_file import RecordingError
from robot_runtime.runtime.recording import Recording


def test_a_thinned_line_keeps_its_peaks_and_its_gaps() -> None:
    x = np.arange(10_000.0)
    y = np.sin(x / 700)
    y[4321], y[8765] = 5.0, -7.0
    y[2000:2500] = np.nan
    thin_x, thin_y = thinned(x, y, 400)
    assert len(thin_x) <= 600
    assert (np.nanmax(thin_y), np.nanmin(thin_y)) == (5.0, -7.0)
    assert np.isnan(thin_y[(thin_x >= 2000) & (thin_x < 2500)]).all()
    assert (thin_y[np.isfinite(thin_y)] == y[thin_x.astype(int)][np.isfinite(thin_y)]).all()


def test_a_short_line_is_left_alone() -> None:
    x = np.arange(50.0)
    assert thinned(x, x, 100)[0] is x


def test_text_of_a_run_cannot_become_part_of_the_page() -> None:
    rows = [('<script>alert(1)</script>', (0.5, '1 of 2'))]
    text = run_page.page('Demo', False, 'a & b', [('x', run_page.table(('a', 'b'), rows))])
    assert '<script>' not in text
    assert '&lt;script&gt;' in text
    assert 'a &amp; b' in text
    assert 'width:50%' in text


def test_a_sheet_shows_each_frame_with_its_time() -> None:
    frames = [Frame(at, np.zeros((4, 4, 3), np.uint8)) for at in (1.0, 2.5)]
    text = run_page.sheet({'front': frames})
    assert text.count('<img') == 2
    assert 'front, 2.5 s' in text


def test_a_folder_without_a_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=f'{tmp_path} holds no recording'):
        Recording(tmp_path)


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / 'x_0.mcap').write_bytes(b'no recording at all')
    with pytest.raises(RecordingError, match='x_0.mcap cannot be read'):
        list(Recording(tmp_path).messages())
