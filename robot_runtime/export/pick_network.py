"""Network of the pick policy: two eyes, an arm's state and words in, a chunk of joints out."""

from functools import partial

import numpy as np
from robot_runtime.export.expert import OPEN, ROWS
from robot_runtime.export.kinematics import AT_REST, BY_COSINE, BY_SINE, TOOL
from robot_runtime.export.language import WORDS
from robot_runtime.export.pick_card import STATE_MEAN, STATE_STD
from robot_runtime.export.pick_eyes import Eye, FEATURES, FOUND, Lie, Ray, WIDTH
from robot_runtime.export.pick_gaze import FRONT, PLACES, THINGS, WRIST
from robot_runtime.export.pick_scene import ALL, TASK, YAW
import torch
from torch import nn, Tensor
from torch.nn import functional

HEADS = 6
LAYERS = 3
AUX_LAYERS = 2  # before the tokens are asked where things are
POINTERS = 2 * 2  # to the named cube and the tray, by each eye
POINTER_WIDTH = 32
HEAD = 384
LOW, OVER = 0.43, 0.35  # units, over and beside its slot, from where a held cube may be let go
FLAGS, SURE = 3, 3.0  # last numbers of the task, and how much surer they are made
FINE, FINER = 8, 10.0  # numbers of the task that the head also sees close up, and how close
BODY = 8 + 14 + 12  # state, its sines and cosines, and the tool's pose
DAMPING = 1e-6
YZX, ZXY = [1, 2, 0], [2, 0, 1]
WORD_WIDTH = 64
TEXT_TOKENS = 2
MASKED = -1e4


class Block(nn.Module):
    """One layer of a transformer, normalised before each half."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mix, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None, first: int | None = None) -> Tensor:
        """Return all tokens, or only the `first` ones."""
        batch, count, width = x.shape
        parts = self.mix(self.before(x)).reshape(batch, count, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
        x, q = x[:, :first], q[:, :, :first]
        scores = q @ k.transpose(-1, -2) * (width // self.heads) ** -0.5
        weights = (scores if mask is None else scores + mask).softmax(-1)
        x = x + self.out((weights @ v).transpose(1, 2).flatten(2))
        return x + self.narrow(functional.relu(self.wide(self.between(x))))


class Reader(nn.Module):
    """Numbers of words made into a few tokens."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, WORD_WIDTH)
        self.place = nn.Parameter(torch.randn(WORDS, WORD_WIDTH) * 0.1)
        self.block = Block(WORD_WIDTH, 4)
        self.out = nn.Linear(WORD_WIDTH, TEXT_TOKENS * WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        there = (tokens > 0).float()
        mask = (1.0 - there)[:, None, None, :] * MASKED
        x = self.block(self.embed(tokens) + self.place, mask)
        total = (x * there[:, :, None]).sum(1) / (there.sum(1, keepdim=True) + 1.0)
        return self.out(total).reshape(len(tokens), TEXT_TOKENS, WIDTH)


class Pick(nn.Module):
    """The policy: normalised inputs to absolute joint targets (B, ROWS, 8), and what it knows."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.eyes = nn.ModuleList([Eye(), Eye()])
        self.rays = nn.ModuleList([Ray(FRONT, False), Ray(WRIST, True)])
        self.reader = Reader(words)
        self.state = nn.Sequential(nn.Linear(BODY, WIDTH), nn.ReLU(),
                                   nn.Linear(WIDTH, WIDTH))
        self.queries = nn.Parameter(torch.randn(2, WIDTH) * 0.5)
        self.blocks = nn.ModuleList([Block(WIDTH, HEADS) for _ in range(LAYERS)])
        self.pointer = nn.Linear(WIDTH, POINTERS * POINTER_WIDTH)
        self.pointed = nn.Linear(WIDTH, POINTER_WIDTH)
        self.told = nn.Linear(POINTERS * FOUND, 2 * WIDTH)
        self.norms = nn.ModuleList([nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)])
        self.head = nn.Sequential(
            nn.Linear(TASK + FINE + BODY, HEAD), nn.ReLU(), nn.Linear(HEAD, HEAD), nn.ReLU(),
            nn.Linear(HEAD, HEAD), nn.ReLU(), nn.Linear(HEAD, ROWS * 8))
        self.more = nn.Linear(WIDTH, ROWS * 8)
        with torch.no_grad():  # the head speaks first
            self.more.weight.zero_()
            self.more.bias.zero_()
        self.aux = nn.Linear(WIDTH + POINTERS * 6, ALL)
        with torch.no_grad():  # cube and tray are at first where the front eye sees them
            for answer, pointer in ((ALL - TASK, 0), (ALL - TASK + 5, 2)):
                self.aux.weight[answer:answer + 3] *= 0.1
                self.aux.weight[answer:answer + 3, WIDTH + 6 * pointer:][:, :3] = torch.eye(3)
            self.aux.weight[YAW:YAW + 2].zero_()  # the yaw is told by `lie`
            self.aux.bias[YAW:YAW + 2].zero_()
        for name, value in {
            'scale': np.ones((ROWS, 7)), 'mean': STATE_MEAN, 'std': STATE_STD,
            'at_rest': AT_REST, 'by_cosine': BY_COSINE, 'by_sine': BY_SINE, 'tool': TOOL,
            'elbow': np.eye(7)[2:3],
        }.items():  # fmt: skip
            self.register_buffer(name, torch.tensor(np.asarray(value), dtype=torch.float32))

        self.lie = Lie()

    def arm(self, state: Tensor) -> Tensor:
        """Return joints (B, 7) [rad] of a normalised state (B, 8)."""
        return state[:, :7] * self.std[:7] + self.mean[:7]

    def tool_of(self, arm: Tensor) -> tuple[Tensor, Tensor]:
        """Return the tool's pose (B, 12) for joints (B, 7), and its motion per joint (B, 7, 7)."""
        q = arm[:, :, None, None]
        links = self.at_rest + q.cos() * self.by_cosine + q.sin() * self.by_sine
        frames = [links[:, 0]]
        for i in range(1, 7):
            frames.append(frames[-1] @ links[:, i])
        tool = frames[-1] @ self.tool
        at = torch.stack(frames, 1)
        axes, arms = at[:, :, :3, 2], tool[:, None, :3, 3] - at[:, :, :3, 3]
        turned = axes[:, :, YZX] * arms[:, :, ZXY] - axes[:, :, ZXY] * arms[:, :, YZX]
        own = torch.cat([turned @ tool[:, :3, :3], axes @ tool[:, :3, :3]], 2).transpose(1, 2)
        basis = torch.cat([own, self.elbow.expand(len(arm), -1, -1)], 1)
        return tool[:, :3].flatten(1), basis

    def body(self, state: Tensor) -> Tensor:
        """Return what the arm knows of itself (B, BODY), the tool's pose last."""
        arm = self.arm(state)
        return torch.cat([state, arm.sin(), arm.cos(), self.tool_of(arm)[0] * 2.0], 1)

    def act(self, task: Tensor, body: Tensor, more: Tensor | float) -> tuple[Tensor, Tensor]:
        """Return moves (B, ROWS, 7) and hand logits (B, ROWS) for what the task is (B, TASK)."""
        flags = ((task[:, -FLAGS:] - 0.5) * SURE + 0.5).clamp(0.0, 1.0)
        held = flags[:, 1:2]  # lines of sight end at the table, a held cube is at the tool
        slot = task[:, -FLAGS - 3:-FLAGS]
        low = ((LOW - slot[:, 2:]) * FINER + 0.5).clamp(0.0, 1.0)
        over = ((OVER - slot[:, :2].abs().amax(1, keepdim=True)) * FINER + 0.5).clamp(0.0, 1.0)
        done = torch.maximum(flags[:, :1], held * low * over)
        task = torch.cat([task[:, :3] * (1.0 - held), task[:, 3:-FLAGS], done,
                          held * (1.0 - done), flags[:, 2:]], 1)
        fine = (task[:, :FINE] * FINER).tanh()  # centimetres decide when to go down
        rows = (self.head(torch.cat([task, fine, body], 1)) + more).reshape(len(body), ROWS, 8)
        return rows[:, :, :7], rows[:, :, 7]

    def forward(self, front: Tensor, wrist: Tensor, state: Tensor, tokens: Tensor
                ) -> tuple[Tensor, ...]:
        """
        Return moves (B, ROWS, 7), hand logits (B, ROWS), what is asked, and two attentions.

        A move is by how much tool and elbow differ from now, as the tool sees it, over `scale`.
        The attentions are logits: of the eyes' gaze, and of the pointers to what the eyes found.
        """
        body = self.body(state)
        pose = body[:, -12:].reshape(len(state), 3, 4) / 2.0
        at, turn = pose[:, None, :, 3], pose[:, :, :3]
        eyes = [eye(image, partial(ray.meet, at=at, turn=turn)) for eye, ray, image in zip(
            self.eyes, self.rays, (front, wrist), strict=True)]
        x = torch.cat([
            self.queries.expand(len(state), -1, -1), self.reader(tokens),
            self.state(body)[:, None], *(eye[0] for eye in eyes)], 1)
        for block in self.blocks[:AUX_LAYERS]:
            x = block(x)
        found = torch.cat([eye[1] for eye in eyes], 1)
        wish = self.pointer(x[:, 0]).reshape(len(state), POINTERS, POINTER_WIDTH)
        points = wish @ self.pointed(x[:, -2 * PLACES:]).transpose(1, 2) * POINTER_WIDTH**-0.5
        got = points.softmax(-1) @ found  # (B, POINTERS, FOUND)
        where = got[:, :, -6:].flatten(1)
        told = self.told(got.flatten(1)).reshape(len(state), 2, WIDTH)
        x = torch.cat([x[:, :2] + told, x[:, 2:]], 1)
        aux = self.aux(torch.cat([self.norms[0](x[:, 0]), where], 1))
        heat = points[:, 1:2, PLACES:].softmax(-1) @ eyes[1][2].softmax(-1)
        lie = self.lie(wrist, heat, got[:, 1:2, FEATURES:])[:, 0]
        aux = torch.cat([aux[:, :YAW], aux[:, YAW:YAW + 2] + lie, aux[:, YAW + 2:]], 1)
        for block in self.blocks[AUX_LAYERS:-1]:
            x = block(x)
        last = self.norms[1](self.blocks[-1](x, first=2)[:, 1])
        moves, hand = self.act(aux[:, -TASK:], body, self.more(last))
        gaze = torch.stack([eye[2][:, :THINGS] for eye in eyes], 1)
        return moves, hand, aux, gaze, points

    def actions(self, front: Tensor, wrist: Tensor, state: Tensor, tokens: Tensor) -> Tensor:
        """Return the chunk (B, ROWS, 8) of absolute targets."""
        moves, hand, *_ = self(front, wrist, state, tokens)
        arm = self.arm(state)
        basis = self.tool_of(arm)[1]
        square = basis @ basis.transpose(1, 2) + torch.eye(7) * DAMPING
        solved = solve(square, (moves * self.scale).transpose(1, 2))
        offsets = (basis.transpose(1, 2) @ solved).transpose(1, 2)
        finger = (hand[:, :, None] + 0.5).clamp(0.0, 1.0) * OPEN
        return torch.cat([arm[:, None] + offsets, finger], 2)


def solve(matrix: Tensor, right: Tensor) -> Tensor:
    """Return the solution of positive definite systems (B, N, N) by Gauss-Jordan."""
    count = matrix.shape[1]
    table = torch.cat([matrix, right], 2)
    unit = torch.eye(count)
    for k in range(count):
        row = table[:, k:k + 1] / table[:, k:k + 1, k:k + 1]
        table = table - (table[:, :, k:k + 1] - unit[:, k:k + 1]) * row
    return table[:, :, count:]
