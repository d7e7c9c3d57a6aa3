"""The demo: made-up people, made-up genomes, a made-up university, and the story that they tell."""
