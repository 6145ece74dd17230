public import Archive

/// A service's package, and where it came from.
public struct FetchedPackage: Sendable {
    /// The files, which nobody has judged yet.
    public let package: StorePackage
    /// The URL or the absolute path of the ZIP, or of the manifest.
    public let origin: String
    /// SHA-256 in hex digits: of the ZIP, or of the one that `package build` makes of these files.
    public let sha256: String

    /// Where one of its files is, for messages: beside the manifest, or in the ZIP.
    func place(of name: String) -> String {
        let manifest = StorePackage.manifestName
        return origin.hasSuffix("/" + manifest) ? origin.dropLast(manifest.utf8.count) + name : "\(origin): \(name)"
    }

    init(_ package: StorePackage, origin: String, zip: [UInt8]? = nil) {
        self.package = package
        self.origin = origin
        sha256 = SHA256.hash(zip ?? package.zip()).hex
    }
}
