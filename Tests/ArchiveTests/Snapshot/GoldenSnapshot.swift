/// A `snapshot.json` written by hand, in an order and a layout that picjobs itself does not write.
///
/// Origin: the text below with 64 zeros as hmac_sha256 was saved as snapshot.json (a newline at its end), then sealed
/// with OpenSSL 3.0 on Debian 12, key bytes 00 01 … 1f:
///
///     KEY=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
///     (printf 'picjobs snapshot key id'; printf $KEY | xxd -r -p) | openssl dgst -sha256 -r | cut -c1-16  # key_id
///     openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -r snapshot.json | cut -c1-64                    # hmac_sha256
enum GoldenSnapshot {
    static let key = Array("picjobs-key-1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n".utf8)

    static let text = #"""
        {
          "format": 1,
          "id": "20261123T023000Z",
          "kind": "nightly",
          "run": "20261123T023000Z-nightly",
          "started": "2026-11-23T02:30:00Z",
          "finished": "2026-11-23T02:31:07Z",
          "tool": { "version": "1.0.0" },
          "cell": { "name": "home", "domain": "home.example" },
          "verdict": "warnings",
          "services": [
            {
              "id": "notes",
              "verdict": "warnings",
              "archives": [
                {
                  "name": "data",
                  "container": "cell-notes",
                  "path": "/data",
                  "file": "service_data/notes/data.tar.gz",
                  "verdict": "warnings",
                  "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                  "size": 4096,
                  "raw_size": 10240,
                  "raw_sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                  "entries": 3,
                  "totals": {
                    "files": 2, "directories": 1, "symlinks": 0, "hardlinks": 0, "fifos": 0, "devices": 0,
                    "sockets_ignored": 1, "content_bytes": 11
                  },
                  "tar": "gnu 1.34",
                  "consistency": "running",
                  "image": "git.pic.ngo/roof/notes:1",
                  "image_digest": "sha256:00",
                  "nested_mounts": [],
                  "warnings": ["file changed as we read it: \"hmac_sha256\": \"a\\nb\""],
                  "duration_seconds": 1.5
                }
              ],
              "config_paths": [{ "path": "config/notes" }]
            }
          ],
          "files": [
            {
              "path": "project/config/notes", "type": "directory", "mode": 488, "uid": 0, "gid": 0,
              "mtime": "2026-11-20T10:00:00Z"
            },
            {
              "path": "project/config/notes/a.conf", "type": "file", "size": 0,
              "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
              "mode": 416, "uid": 0, "gid": 0, "mtime": "2026-11-20T10:00:00.000000001Z"
            }
          ],
          "authentication": {
            "key_id": "ee6e7c7f1656a8e6",
            "hmac_sha256": "8e7685ebe4950e0929e233c60e2d3879cc38be135c03acbfbc7eb6885c7479a4"
          }
        }

        """#
}
