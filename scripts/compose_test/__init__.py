"""The parts of scripts/test-compose, one file for each thing it shows."""
