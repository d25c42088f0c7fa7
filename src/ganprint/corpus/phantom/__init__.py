"""The embedded corpus: procedural patients, a generator trained on some of them, and its samples."""

from ganprint.corpus.phantom.build import PhantomCorpus, build_phantom

__all__ = ["PhantomCorpus", "build_phantom"]
