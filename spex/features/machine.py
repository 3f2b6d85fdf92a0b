"""What a machine computes with; nothing that tells whose it is, such as its name or environment."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import torch


def describe_machine():
    """Processor, memory, GPUs and versions. Returns: dict from what it is to text."""
    facts = {
        "processor": f"{_processor()}, {_cores()} cores to use, {torch.get_num_threads()} threads",
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "Python": platform.python_version(),
        "torch": torch.__version__,
    }
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for number in range(count):
        gpu = torch.cuda.get_device_properties(number)
        free, total = torch.cuda.mem_get_info(number)
        facts[f"GPU {number}"] = (
            f"{gpu.name}, {total / 1e9:.0f} GB, {free / 1e9:.0f} GB free, compute capability {gpu.major}.{gpu.minor}, "
            f"{gpu.multi_processor_count} multiprocessors"
        )
    if count:
        facts["driver"] = _driver()
        facts["CUDA, cuDNN of torch"] = f"{torch.version.cuda}, {torch.backends.cudnn.version()}"
    return facts


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
    """The NVIDIA driver's version as nvidia-smi has it, "unknown" without one."""
    command = [shutil.which("nvidia-smi"), "--query-gpu=driver_version", "--format=csv,noheader"]
    if command[0] is None:
        return "unknown"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0].strip() if done.returncode == 0 else "unknown"
