"""Page of a run's report: one HTML file that needs nothing else."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import cv2
from robot_runtime.cli.run_facts import Frame

CSS = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; background: #f5f7fa; margin: 0; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 18px; margin: 36px 0 10px; }
p { margin: 6px 0 12px; color: #52606d; }
.verdict { display: inline-block; padding: 2px 12px; border-radius: 999px; font-weight: 600; }
.good { background: #d1f2dc; color: #14633a; } .bad { background: #fbdcdd; color: #8f1d22; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 18px 0 0; }
.tile, .card { background: #fff; border: 1px solid #e4e7eb; border-radius: 10px;
  padding: 12px 14px; }
.tile b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.tile span { color: #52606d; font-size: 13px; }
.card { overflow-x: auto; } svg { width: 100%; height: auto; display: block; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid #e4e7eb; }
th { color: #52606d; font-weight: 600; }
.bar { background: #e4e7eb; border-radius: 4px; width: 160px; height: 10px; }
.bar i { display: block; height: 10px; border-radius: 4px; background: #2f9e62; }
.sheet { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 6px;
  margin: 4px 0 10px; }
figure { margin: 0; } figcaption { font-size: 12px; color: #7b8794; }
.sheet img { width: 100%; display: block; border-radius: 6px; image-rendering: pixelated; }
pre { background: #1f2933; color: #e4e7eb; padding: 12px 14px; border-radius: 10px;
  overflow-x: auto; font-size: 13px; }
"""


def page(title: str, good: bool, lead: str, parts: Iterable[tuple[str, str]]) -> str:
    """Return the page: a verdict, a sentence, and the parts with their headings."""
    verdict = '<span class="verdict {}">{}</span>'.format(
        *(('good', 'all done, no limit violated') if good else ('bad', 'not all went well')))
    body = ''.join(f'<h2>{escape(name)}</h2>{html}' for name, html in parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><style>{CSS}</style></head><body><main>'
        f'<h1>{escape(title)} {verdict}</h1><p>{escape(lead)}</p>{body}</main></body></html>\n'
    )


def tiles(values: Sequence[tuple[str, str]]) -> str:
    """Return figures to be seen at one glance."""
    made = (f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
            for name, value in values)  # fmt: skip
    return f'<div class="tiles">{"".join(made)}</div>'


def card(*html: str) -> str:
    """Return a framed part."""
    return f'<div class="card">{"".join(html)}</div>'


def paragraph(text: str) -> str:
    """Return a sentence between parts."""
    return f'<p>{escape(text)}</p>'


def commands(lines: Sequence[str]) -> str:
    """Return commands to be copied."""
    return f'<pre>{escape(chr(10).join(lines))}</pre>'


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; a share from 0 to 1 as (share, text) becomes a bar."""
    top = ''.join(f'<th>{escape(word)}</th>' for word in head)
    lines = (''.join(f'<td>{_cell(value)}</td>' for value in row) for row in rows)
    return f'<table><tr>{top}</tr>{"".join(f"<tr>{line}</tr>" for line in lines)}</table>'


def _cell(value: Any) -> str:
    if isinstance(value, tuple):
        share, text = value
        width = f'{100 * share:.0f}%'
        return f'{escape(text)}<div class="bar"><i style="width:{width}"></i></div>'
    return escape(str(value))


def sheet(frames: Mapping[str, Sequence[Frame]]) -> str:
    """Return rows of frames, one row per camera."""
    rows = []
    for name, some in frames.items():
        cells = ''.join(
            f'<figure><img alt="{escape(name)} at {one.at_s:.1f} s" src="{_data(one)}">'
            f'<figcaption>{escape(name)}, {one.at_s:.1f} s</figcaption></figure>' for one in some
        )  # fmt: skip
        rows.append(f'<div class="sheet">{cells}</div>')
    return ''.join(rows)


def _data(frame: Frame) -> str:
    done, data = cv2.imencode('.png', frame.pixels[:, :, ::-1])
    assert done
    return f'data:image/png;base64,{base64.b64encode(data.tobytes()).decode()}'
