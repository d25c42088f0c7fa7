"""Tell which real images a generator was trained on.

A reproducibility and audit kit for the ImageCLEFmedical GANs task.
"""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("ganprint")
