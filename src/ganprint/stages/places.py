"""Where each stage's files lie below the project's folder: the one place that knows, beside dvc.yaml."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Places"]


@dataclass(frozen=True)
class Places:
    """Paths of a project.

    Attributes
    ----------
    root
        The folder with params.yaml and dvc.yaml.
    """

    root: Path

    @property
    def params(self) -> Path:
        """All parameters."""
        return self.root / "params.yaml"

    @property
    def corpus(self) -> Path:
        """Folder of the corpus: images and index."""
        return self.root / "data" / "corpus"

    @property
    def corpus_record(self) -> Path:
        """Parameters and provenance of the corpus."""
        return self.root / "results" / "corpus" / "record.json"

    @property
    def truth(self) -> Path:
        """Truth of the test split, which `evaluate` and `memorisation` alone read."""
        return self.root / "data" / "truth.csv"

    @property
    def submissions(self) -> Path:
        """Folder of the submissions."""
        return self.root / "submissions"

    @property
    def submit_report(self) -> Path:
        """What was written and validated, and which runs were refused."""
        return self.root / "results" / "submit" / "report.json"

    @property
    def inference(self) -> Path:
        """Tests, comparisons and bounds over all runs."""
        return self.root / "results" / "evaluate" / "inference.json"

    @property
    def evidence(self) -> Path:
        """Folder of the near-duplicates and of the nearest generated images of the most suspicious real ones."""
        return self.root / "results" / "evidence"

    @property
    def memorisation(self) -> Path:
        """Folder of the set-level measures: how much the generator as a whole memorised."""
        return self.root / "results" / "memorisation"

    @property
    def paper(self) -> Path:
        """Folder of the published figures recomputed, and of the paper's numbers on this corpus."""
        return self.root / "results" / "paper"

    @property
    def audit(self) -> Path:
        """Folder of the summary."""
        return self.root / "results" / "audit"

    @property
    def tracked(self) -> Path:
        """What was logged to MLflow."""
        return self.root / "results" / "track" / "tracked.json"

    @property
    def tracking_store(self) -> Path:
        """Folder of the local MLflow store; never a stage's output."""
        return self.root / "mlflow"

    def pretrained(self, name: str) -> Path:
        """Give the weights that a pretraining made."""
        return self.root / "data" / "pretrained" / f"{name}.safetensors"

    def pretraining_record(self, name: str) -> Path:
        """Give the parameters, losses and provenance of a pretraining."""
        return self.root / "results" / "pretrain" / f"{name}.json"

    def pretraining_checkpoint(self, name: str) -> Path:
        """Give the last finished epoch of a pretraining under way; never a stage's output, since DVC removes those."""
        return self.root / "results" / "pretrain" / f".{name}.checkpoint"

    def embedding(self, name: str) -> Path:
        """Give the Parquet file of an embedding."""
        return self.root / "data" / "embeddings" / f"{name}.parquet"

    def embedding_record(self, name: str) -> Path:
        """Give the provenance file of an embedding."""
        return self.root / "results" / "embed" / f"{name}.json"

    @property
    def views(self) -> Path:
        """Folder of the notes what each run's embeddings are made of."""
        return self.root / "data" / "views"

    def compared(self, run: str) -> Path:
        """Give the folder of a run's scores, threshold and model, or of its refusal."""
        return self.root / "results" / "compare" / run

    def checkpoints(self, run: str) -> Path:
        """Give the folder of what a run under way has done; never a stage's output, since DVC removes those."""
        return self.root / "results" / "checkpoints" / run

    def strength(self, study: str) -> Path:
        """Give the folder of a study of the leak's strength: tables and plots."""
        return self.root / "results" / "strength" / study

    def strength_points(self, study: str) -> Path:
        """Give the folder of a study's finished phantoms; never a stage's output, since DVC removes those."""
        return self.root / "results" / "checkpoints" / "strength" / study

    def study(self, name: str) -> Path:
        """Give the folder of a selection study: table, choice, plot and page."""
        return self.root / "results" / "study" / name

    def study_parts(self, name: str) -> Path:
        """Give the folder of a study's finished parts; never a stage's output, since DVC removes those."""
        return self.root / "results" / "checkpoints" / "study" / name

    @property
    def trivial(self) -> Path:
        """Figures of the trivial answers."""
        return self.root / "results" / "evaluate" / "trivial.json"

    def evaluated(self, run: str) -> Path:
        """Give the folder of a run's curves."""
        return self.root / "results" / "evaluate" / run

    def metrics(self, run: str) -> Path:
        """Give a run's metrics file; it lies in git, so metrics can be compared without the cache."""
        return self.root / "results" / "evaluate" / f"{run}.json"
