"""Live view of a demo: what each process says now, four times a second."""

from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

REFRESH_NS = 250_000_000
# title, topic, and the key of each figure with the word that stands before it
ROWS = (
    ('mode', 'control_node/status', (('mode', ''), ('fault', ''), ('real_time', 'real-time'))),
    ('gate', 'safety_node/status',
     (('state', ''), ('passed', 'passed'), ('refused', 'refused'), ('coasted', 'coasted'),
      ('reason', ''))),
    ('loop', 'control_node/status',
     (('rate_hz', 'Hz'), ('ticks', 'ticks'), ('ticks_missed', 'missed'))),
    ('lateness [us]', 'control_node/status',
     (('lateness_p50_us', 'p50'), ('lateness_p99_us', 'p99'), ('lateness_p999_us', 'p99.9'))),
    ('limits active', 'control_node/status', (('active_limits', ''),)),
    ('policy', 'policy_node/status', (('state', ''), ('message', ''))),
    ('inference [ms]', 'policy_node/status',
     (('inference_p50_ms', 'p50'), ('inference_p99_ms', 'p99'))),
    ('chunks', 'control_node/status', (('chunks', 'taken'), ('late_chunks', 'late'))),
    ('frames', 'policy_node/status',
     (('frames_received_front', 'front'), ('frames_lost_front', 'lost'),
      ('frames_received_wrist', 'wrist'), ('frames_lost_wrist', 'lost'))),
    ('violations', 'sim/witness',
     (('violations_command', 'commanded'), ('violations_measured', 'measured'),
      ('realtime_factor', 'at real time x'))),
)  # fmt: skip


class DemoView:
    """A live picture on a terminal; headless, only the lines that are said."""

    def __init__(self, headless: bool) -> None:
        """Draw only where somebody looks."""
        self.console = Console()
        self._live: Live | None = None
        self._next_ns = 0
        if not headless and self.console.is_terminal:
            # No thread of its own: `update` refreshes it.
            self._live = Live(console=self.console, auto_refresh=False, transient=True)

    def __enter__(self) -> 'DemoView':
        """Begin to draw."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()

    def say(self, line: str) -> None:
        """Write a line that stays."""
        self.console.print(Text(line))

    def update(self, now_ns: int, headline: str, statuses: dict[str, dict[str, str]]) -> None:
        """Draw the newest statuses, if it is time to."""
        if self._live is None or now_ns < self._next_ns:
            return
        self._next_ns = now_ns + REFRESH_NS
        # One line a row, whatever it says: a row that wraps makes the picture jump
        table = Table.grid(padding=(0, 3), expand=True)
        table.add_column(no_wrap=True, style='dim', width=max(len(row[0]) for row in ROWS))
        table.add_column(no_wrap=True, overflow='ellipsis', ratio=1)
        for title, topic, keys in ROWS:
            values = statuses.get(topic, {})
            shown = (f'{word} {values[key]}'.strip() for key, word in keys if values.get(key))
            table.add_row(Text(title), Text('   '.join(shown) or '-'))
        top = Text(headline, style='bold', no_wrap=True, overflow='ellipsis')
        self._live.update(Group(top, table), refresh=True)
