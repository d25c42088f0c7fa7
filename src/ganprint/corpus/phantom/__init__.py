"""The embedded corpus: procedural patients, a generator trained on some of them, and its samples."""

from ganprint.corpus.phantom.build import PhantomBase, PhantomCorpus, build_phantom, phantom_base

__all__ = ["PhantomBase", "PhantomCorpus", "build_phantom", "phantom_base"]
