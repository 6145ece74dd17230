/// This program's version, in `snapshot.json` and `--version`.
public let picjobsVersion = "0.1.0"
