/// What of a service is backed up.
public struct BackupDeclaration: Sendable, Encodable, Equatable {
    /// Directories in containers, each an archive of its own; no two names are equal without regard to case.
    public let volumes: [BackupVolume]
    /// Files and trees of the cell that are copied.
    public let configPaths: [ConfigPath]

    enum CodingKeys: String, CodingKey {
        case volumes
        case configPaths = "config_paths"
    }

    init?(_ field: Field) {
        guard let members = field.members else { return nil }
        for (key, member) in members where CodingKeys(rawValue: key) == nil {
            member.fault("is not known here; \"backup\" has \"volumes\" and \"config_paths\"", rule: "backup.unknown")
        }
        let volumes = field["volumes"].required("an array (it may be empty)") { $0.array(BackupVolume.init) }
        configPaths =
            field["config_paths"].optional { $0.array { $0.checked(rule: "backup.config_paths.pattern") } } ?? []
        guard let volumes else { return nil }
        self.volumes = volumes
        Self.refuseEqualNames(field["volumes"])
    }

    /// Two archives of one name would overwrite each other.
    private static func refuseEqualNames(_ field: Field) {
        var first: [String: JSONPointer] = [:]
        _ = field.array { volume in
            guard let text = volume["name"].value?.string, let name = ArchiveName(text) else { return }
            if let earlier = first[name.key] {
                volume["name"].fault(
                    "\(quoted(text)) is also the name at \(earlier) (upper and lower case count as equal); choose another",
                    rule: "backup.name.unique")
            } else {
                first[name.key] = volume["name"].pointer
            }
        }
    }
}
