"""The user's table as numbers: joined by id, gaps filled and marked, categories one by one."""

import numpy as np
import pandas as pd
from hypothesis import given as drawn
from hypothesis import strategies as st

from ganprint.embed.metadata import extract_metadata, metadata_columns
from ganprint.embed.metadata_columns import COLUMNS
from ganprint.embed.metadata_given import given_rows

KEYS = ["split", "role", "id"]
IMAGES = pd.DataFrame(
    [
        ("development", "generated", "a"),
        ("development", "real", "b"),
        ("development", "real", "c"),
        ("development", "real", "d"),
        ("test", "generated", "a"),
        ("test", "real", "e"),
    ],
    columns=KEYS,
)


def table(rows, *names):
    return pd.DataFrame(rows, columns=[*KEYS, *names], dtype=str)


def test_numbers_are_joined_by_split_role_and_id():
    """In the order of the images, whatever the order of the lines; complete columns have no mark of gaps."""
    lines = [(*key, str(number)) for number, key in enumerate(IMAGES.itertuples(index=False))]
    given = given_rows(table(lines[::-1], "age"), IMAGES)
    assert given.columns == ("given:age",)
    assert given.rows.tolist() == [[0], [1], [2], [3], [4], [5]]
    assert given.rows.dtype == np.float32


def test_gaps_are_filled_with_the_median_of_development_real_images_and_marked():
    """Neither a test image nor a generated one moves the filling; a missing line is a gap in every column."""
    lines = [
        ("development", "real", "b", "10", "f"),
        ("development", "real", "c", "20", ""),
        ("development", "real", "d", "", "m"),
        ("test", "real", "e", "900", "f"),
    ]
    given = given_rows(table(lines, "age", "sex"), IMAGES)
    assert given.columns == ("given:age", "given:age?", "given:sex=f", "given:sex=m", "given:sex?")
    assert given.rows.T.tolist() == [
        [15, 10, 20, 15, 15, 900],
        [1, 0, 0, 1, 1, 0],
        [0, 1, 0, 0, 0, 1],
        [0, 0, 0, 1, 0, 0],
        [1, 0, 1, 0, 1, 0],
    ]


def test_where_no_development_image_is_known_the_others_fill():
    """A column that was allowed although it is known of test images alone."""
    given = given_rows(table([("test", "real", "e", "4")], "dose"), IMAGES)
    assert given.rows[:, 0].tolist() == [4] * 6


def test_nothing_given_adds_no_column():
    """As in a corpus whose metadata.csv is the header alone."""
    given = given_rows(table([]), IMAGES)
    assert given.columns == ()
    assert given.rows.shape == (6, 0)


@drawn(st.lists(st.sampled_from(["", "1", "2.5", "-3e2", "x", "y"]), min_size=6, max_size=6))
def test_any_column_is_finite_and_has_its_names(cells):
    """The store refuses what is not finite."""
    lines = [(*key, cell) for key, cell in zip(IMAGES.itertuples(index=False), cells, strict=True)]
    given = given_rows(table(lines, "c"), IMAGES)
    assert np.isfinite(given.rows).all()
    assert given.rows.shape == (6, len(given.columns))
    assert len(set(given.columns)) == len(given.columns)


def test_own_and_given_columns_stand_side_by_side_whatever_the_batch():
    """A row depends on its image alone, images of different size included; threads keep the order."""
    rng = np.random.default_rng(2)
    images = [rng.integers(0, 256, (20 + number, 30)).astype(np.uint8) for number in range(6)]
    lines = [(*key, str(number)) for number, key in enumerate(IMAGES.itertuples(index=False))]
    given = given_rows(table(lines, "age"), IMAGES)
    assert metadata_columns(given) == [*(column.name for column in COLUMNS), "given:age"]
    rows = [
        np.vstack(
            [part["values"] for part in extract_metadata(images.__getitem__, given, batch=batch, threads=threads)]
        )
        for batch, threads in ((4, 3), (1, 1), (64, 2))
    ]
    assert rows[0].dtype == np.float32
    assert rows[0][:, -1].tolist() == [0, 1, 2, 3, 4, 5]
    assert rows[0][:, 1].tolist() == [20, 21, 22, 23, 24, 25]
    assert all((other == rows[0]).all() for other in rows[1:])
