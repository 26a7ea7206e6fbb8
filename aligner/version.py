"""The version: read by the package, by signatures, and by the build, so it imports nothing."""

VERSION = "0.1.0"
