"""The providers that voxport speaks to, one protocol a file, both ends."""
