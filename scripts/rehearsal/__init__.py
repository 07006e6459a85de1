"""The seventeen failures of scripts/failures: the house they are played in, and the plays."""
