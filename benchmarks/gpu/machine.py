"""What a machine computes with; nothing that tells whose it is, such as its name or environment."""

import os
import platform
import re
from pathlib import Path

import torch

DRIVER = Path("/proc/driver/nvidia/version")


def describe_machine(devices):
    """Processor, memory, GPUs, versions. devices: of torch, such as "cuda:0". Returns: dict from what it is to text."""
    facts = {
        "processor": f"{_processor()}, {_cores()} cores to use, {thread_count()} threads",
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "Python": platform.python_version(),
        "torch": torch.__version__,
    }
    gpus = [device for device in devices if torch.device(device).type == "cuda"]
    for device in gpus:  # and no other: asking takes some of a GPU's memory
        gpu = torch.cuda.get_device_properties(device)
        free, total = torch.cuda.mem_get_info(device)
        facts[f"GPU {device}"] = (
            f"{gpu.name}, {total / 1e9:.0f} GB, {free / 1e9:.0f} GB free, compute capability {gpu.major}.{gpu.minor}, "
            f"{gpu.multi_processor_count} multiprocessors"
        )
    if gpus:
        facts["driver"] = _driver()
        facts["CUDA, cuDNN of torch"] = f"{torch.version.cuda}, {torch.backends.cudnn.version()}"
    return facts


def thread_count():
    """Threads that a computation on the processor takes."""
    return torch.get_num_threads()


def _processor():
    """The processor's name, or its kind where the system does not tell the name."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _driver():
    """The NVIDIA driver's version as the driver tells it, "unknown" where it does not."""
    text = DRIVER.read_text() if DRIVER.exists() else ""
    version = re.search(r"\b\d{3,}\.\d+(\.\d+)?\b", text)
    return version[0] if version else "unknown"
