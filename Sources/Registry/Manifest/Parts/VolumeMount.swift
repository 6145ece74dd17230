/// A named volume and where it is mounted.
public struct VolumeMount: Sendable, Encodable, Equatable {
    /// The volume's name.
    public let name: String
    /// The absolute path inside the container; whether it is allowed is a matter of installation.
    public let mount: String

    init?(_ field: Field) {
        guard field.isObject else { return nil }
        let name = field["name"].required("the volume's name") { $0.string() }
        let mount = field["mount"].required("the absolute path inside the container") { $0.string() }
        guard let name, let mount else { return nil }
        self.name = name
        self.mount = mount
    }
}
