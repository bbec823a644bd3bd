"""Live view of a demo: what each process says now, four times a second."""

from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

REFRESH_NS = 250_000_000
ROWS = (
    ('mode', 'control_node/status', ('mode', 'fault', 'real_time')),
    ('gate', 'safety_node/status', ('state', 'reason', 'passed', 'refused', 'coasted')),
    ('loop', 'control_node/status', ('rate_hz', 'ticks', 'ticks_missed')),
    ('lateness [us]', 'control_node/status',
     ('lateness_p50_us', 'lateness_p99_us', 'lateness_p999_us')),
    ('limits active', 'control_node/status', ('active_limits',)),
    ('policy', 'policy_node/status', ('state', 'message')),
    ('inference [ms]', 'policy_node/status', ('inference_p50_ms', 'inference_p99_ms')),
    ('chunks', 'control_node/status', ('chunks', 'late_chunks')),
    ('witness', 'sim/witness', ('violations_command', 'violations_measured', 'realtime_factor')),
    ('frames', 'sim/witness', ('frames_front', 'frames_wrist')),
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
        table = Table(show_header=False, box=None, padding=(0, 2))
        for title, topic, keys in ROWS:
            values = statuses.get(topic, {})
            shown = ((key, values[key]) for key in keys if values.get(key))
            table.add_row(title, '   '.join(f'{key} {value}' for key, value in shown) or '-')
        self._live.update(Group(Text(headline, style='bold'), table), refresh=True)
