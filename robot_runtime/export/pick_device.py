"""Device that the pick policy is trained on: the processor, or a GPU where torch sees one."""

from pathlib import Path
import platform

AUTO, CPU, CUDA = 'auto', 'cpu', 'cuda'
DEVICES = (AUTO, CPU, CUDA)
FACTS, BFLOAT16 = Path('/proc/cpuinfo'), 'amx_bf16'


class DeviceError(ValueError):
    """There is no such device; the text is one sentence."""


def device_of(asked: str) -> str:
    """Return the device for torch that `asked` means: `auto` is a GPU where there is one."""
    import torch

    there = torch.cuda.is_available()
    if asked not in DEVICES or (asked == CUDA and not there):
        allowed = ', '.join(DEVICES if there else (AUTO, CPU))
        raise DeviceError(
            f'--device is {asked!r}, but torch {torch.__version__} sees '
            f'{torch.cuda.device_count()} GPUs here; allowed: {allowed}')
    return asked if asked != AUTO else CUDA if there else CPU


def coarse(device: str) -> bool:
    """Return whether bfloat16 is fast on the device; elsewhere it is slower than float32."""
    import torch

    if device == CPU:
        return BFLOAT16 in FACTS.read_text(encoding='utf-8')
    return bool(torch.cuda.is_bf16_supported())


def named(device: str) -> str:
    """Return what the device is called, for the record."""
    import torch

    return torch.cuda.get_device_name(device) if device != CPU else platform.machine()
