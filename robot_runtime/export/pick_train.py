"""Training of the pick network by imitation, which goes on from its last checkpoint."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from robot_runtime.export.language import vocabulary
from robot_runtime.export.pick_batches import Batch, Facts, Shards
from robot_runtime.export.pick_eyes import Stem
from robot_runtime.export.pick_network import Pick
from robot_runtime.export.pick_scene import TASK, YAW
from robot_runtime.runtime.clock import SteadyClock
import torch
from torch import Tensor
from torch.nn import functional

CHECKPOINT = 'checkpoint.pt'
NEAR_ROWS = 8  # the next chunk comes before later rows matter
FAR_WEIGHT = 0.5
INPUTS = ('front', 'wrist', 'state', 'tokens')
SHARES = (1.0, 0.1, 0.5, 0.1, 0.05)  # of arm, hand, scene, gaze and pointers
TASK_WEIGHT = 2.0  # of what the head needs to know, beside where everything is
YAW_WEIGHT = 6.0  # the hardest to see
FACTS = 256  # samples without images that the head learns from in each step
HEAD_BATCH, HEAD_RATE = 512, 1e-3  # of the head, before the eyes
HAND_STEEPNESS = 4.0
FIND_STEPS = 200
SCALE_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to learn."""

    steps: int
    batch: int = 32
    rate: float = 8e-4
    warm_steps: int = 200
    decay_from: float = 0.4  # of the steps; then the rate falls in a straight line
    decay: float = 1e-4  # of the weights
    average: float = 0.999  # of the weights that are exported
    seed: int = 0
    threads: int = 2
    coarse: bool = False  # eyes in bfloat16, where the processor is made for it
    device: str = 'cpu'  # of torch
    save_s: float = 120.0

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step."""
        left = (self.steps - step) / max(1.0, self.steps * (1.0 - self.decay_from))
        return self.rate * min(1.0, (step + 1) / self.warm_steps, max(left, 0.01))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands; losses are means since the last report."""

    step: int
    samples: int
    arm: float
    hand: float
    aux: float
    gaze: float
    points: float
    seconds: float


def tensors(batch: Batch | Facts, device: str = 'cpu') -> dict[str, Tensor]:
    """Return a batch as tensors on `device`, each eye's image with its channels in front."""
    made = {name: torch.from_numpy(np.ascontiguousarray(value)).to(device)
            for name, value in ((n, getattr(batch, n)) for n in batch.__dataclass_fields__)}
    images = made.pop('images', None)
    if images is None:
        return made
    return made | {name: images[:, i].contiguous().permute(0, 3, 1, 2)
                   for i, name in enumerate(('front', 'wrist'))}


@torch.no_grad()
def wanted(network: Pick, made: dict[str, Tensor]) -> Tensor:
    """Return the moves (B, ROWS, 7) of the expert, as the tool sees them."""
    basis = network.tool_of(network.arm(made['state']))[1]
    return made['offsets'] @ basis.transpose(1, 2)


def wrong(
    network: Pick, made: dict[str, Tensor], moves: Tensor, hand: Tensor
) -> tuple[Tensor, Tensor]:
    """Return how wrong arm and hand are."""
    miss = (moves[:, 1:] - wanted(network, made)[:, 1:] / network.scale[1:]).abs().mean((0, 2))
    weight = torch.ones_like(miss)
    weight[NEAR_ROWS:] = FAR_WEIGHT
    opened = functional.binary_cross_entropy_with_logits(hand * HAND_STEEPNESS, made['opened'])
    return (miss * weight).sum() / weight.sum(), opened


def losses(network: Pick, made: dict[str, Tensor]) -> tuple[Tensor, ...]:
    """Return how wrong arm, hand, answers about the scene, gaze and pointers are."""
    moves, hand, aux, gaze, points = network(*(made[name] for name in INPUTS))
    arm, opened = wrong(network, made, moves, hand)
    known = made['named'].expand_as(aux).clone()
    known[:, :-TASK], known[:, -1] = 1.0, 1.0
    missed = -(gaze.log_softmax(-1) * made['gaze']).sum(-1) * made['visible']
    looked = missed.sum() / made['visible'].sum().clamp(min=1.0)
    chosen = functional.cross_entropy(
        points.flatten(0, 1), made['points'].flatten(), reduction='none')
    pointed = (chosen * made['named'].expand(-1, points.shape[1]).flatten()).mean()
    share = aux.new_ones(aux.shape[1])
    share[-TASK:] = TASK_WEIGHT
    share[YAW:YAW + 2] = YAW_WEIGHT
    scene = ((aux - made['aux']).abs() * known * share).mean()
    return arm, opened, scene, looked, pointed


class Training:
    """A network, its average, its optimiser, and how far they are."""

    def __init__(self, plan: Plan, shards: list[Path], folder: Path) -> None:
        """Go on from the checkpoint in `folder`, or begin."""
        torch.set_num_threads(plan.threads)
        torch.manual_seed(plan.seed)
        self.plan, self._folder = plan, folder
        words = vocabulary()
        self.network = Pick(len(words) + 2).to(
            device=plan.device, memory_format=torch.channels_last)
        for module in self.network.modules():
            if isinstance(module, Stem):
                module.coarse = plan.coarse
        self.average = Pick(len(words) + 2).to(plan.device)
        self._optimiser = torch.optim.AdamW(
            self.network.parameters(), plan.rate, weight_decay=plan.decay, fused=True)
        self.step, self.seconds = 0, 0.0
        self.history: list[dict[str, Any]] = []
        if (folder / CHECKPOINT).is_file():
            self._resume()
        self._shards = Shards(shards, words, seed=plan.seed + self.step)
        if self.step == 0:
            moves = [wanted(self.network, self._seen())
                     for _ in range(SCALE_BATCHES)]
            self.network.scale.copy_(torch.cat(moves).std(0))
            self.average.load_state_dict(self.network.state_dict())

    def run(self, end: int, report: int = 50) -> Iterator[Progress]:
        """Learn up to the step `end`, and say now and then how it goes."""
        clock = SteadyClock()
        began = saved = clock.now_ns()
        before = self.seconds
        sums = torch.zeros(len(SHARES), device=self.plan.device)
        samples = self._shards.find()
        while self.step < end:
            sums += self._once()
            self.seconds = before + (clock.now_ns() - began) / 1e9
            if self.step % FIND_STEPS == 0:
                samples = self._shards.find()
            if self.step % report == 0:
                means = (sums / report).tolist()
                progress = Progress(self.step, samples, *means, self.seconds)
                self.history.append(asdict(progress))
                sums.zero_()
                yield progress
            if (clock.now_ns() - saved) / 1e9 > self.plan.save_s:
                self.save()
                saved = clock.now_ns()
        self.save()

    def _seen(self) -> dict[str, Tensor]:
        """Return the next batch."""
        return tensors(self._shards.batch(self.plan.batch), self.plan.device)

    def _once(self) -> Tensor:
        """Take one step; return how wrong each part was, where it was computed."""
        for group in self._optimiser.param_groups:
            group['lr'] = self.plan.rate_at(self.step)
        parts = losses(self.network, self._seen())
        total = sum(share * part for share, part in zip(SHARES, parts, strict=True))
        told = self._told(FACTS)
        total = total + told[0] + SHARES[1] * told[1]
        self._optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self.step += 1
        share = min(self.plan.average, self.step / (self.step + 20.0))
        with torch.no_grad():
            for kept, new in zip(self.average.state_dict().values(),
                                 self.network.state_dict().values(), strict=True):
                if kept.is_floating_point():
                    kept.lerp_(new, 1.0 - share)
        return torch.stack(parts).detach()

    def _told(self, count: int) -> tuple[Tensor, Tensor]:
        """Return how wrong the head is where the scene is told to it."""
        made = tensors(self._shards.facts(count), self.plan.device)
        moves, hand = self.network.act(made['task'], self.network.body(made['state']), 0.0)
        return wrong(self.network, made, moves, hand)

    def begin(self, steps: int, report: int = 50) -> Iterator[tuple[int, float]]:
        """Teach the head alone what to do in a known scene: cheap, and the eyes profit."""
        optimiser = torch.optim.AdamW(self.network.head.parameters(), HEAD_RATE)
        for step in range(steps):
            for group in optimiser.param_groups:
                group['lr'] = HEAD_RATE * min(1.0, (steps - step) / (steps / 2))
            parts = self._told(HEAD_BATCH)
            optimiser.zero_grad(set_to_none=True)
            (parts[0] + SHARES[1] * parts[1]).backward()
            optimiser.step()
            if (step + 1) % report == 0:
                yield step + 1, float(parts[0].detach())
        self.average.load_state_dict(self.network.state_dict())

    def save(self) -> None:
        """Write a checkpoint; a crash leaves the one before."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / CHECKPOINT
        torch.save({
            'network': self.network.state_dict(), 'average': self.average.state_dict(),
            'optimiser': self._optimiser.state_dict(), 'step': self.step,
            'seconds': self.seconds, 'history': self.history, 'plan': asdict(self.plan),
        }, path.with_suffix('.part'))
        path.with_suffix('.part').rename(path)

    def _resume(self) -> None:
        kept = torch.load(
            self._folder / CHECKPOINT, map_location=self.plan.device, weights_only=True)
        self.network.load_state_dict(kept['network'])
        self.average.load_state_dict(kept['average'])
        self._optimiser.load_state_dict(kept['optimiser'])
        self.step, self.seconds = kept['step'], kept['seconds']
        self.history = kept['history']


def averaged(folder: Path) -> tuple[Pick, dict[str, Any]]:
    """Return the network to export from a folder with a checkpoint, and how it was trained."""
    kept = torch.load(folder / CHECKPOINT, map_location='cpu', weights_only=True)
    network = Pick(len(vocabulary()) + 2)
    network.load_state_dict(kept['average'])
    facts = {key: kept[key] for key in ('step', 'seconds', 'history', 'plan')}
    return network.eval(), facts
