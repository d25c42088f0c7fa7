"""What the images themselves show: near-duplicates, collapse, recognisable patients, nearest images."""
