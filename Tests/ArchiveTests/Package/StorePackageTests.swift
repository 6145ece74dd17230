import Foundation
import Testing

@testable import Archive

@Suite("Store packages made by other tools")
struct StorePackageTests {
    static let manifest = #"{"id": "notes", "text": "\#(String(repeating: "compressible ", count: 200))"}"#
    static let template = "services:\n  cell-notes: {}\n"
    static let script = "#!/bin/sh\nmkdir -p data/notes\n"
    static let files = ["manifest.json": manifest, "compose-template.yml": template, "install.sh": script]

    static let package = StorePackage(
        manifest: Array(manifest.utf8), composeTemplate: Array(template.utf8), installScript: Array(script.utf8))

    /// Python's zipfile writes `argv[1]` (0 stored, 8 deflated), to a file that can be sought or to one that can't.
    private static let python = """
        import io, sys, zipfile
        class Pipe(io.RawIOBase):
            def writable(self): return True
            def write(self, data): sys.stdout.buffer.write(data); return len(data)
        kept = io.BytesIO()
        with zipfile.ZipFile(kept if sys.argv[2] == "seek" else Pipe(), "w", int(sys.argv[1])) as file:
            for name in ["manifest.json", "compose-template.yml", "install.sh"]:
                file.write(name)
        sys.stdout.buffer.write(kept.getvalue())
        """

    @Test(
        "Python's zipfile, stored and deflated, with its sizes in front or behind",
        arguments: ["0 seek", "8 seek", "8 pipe"])
    func zipfile(_ words: String) async throws {
        let words = words.split(separator: " ").map(String.init)
        let bytes = try await ZipFixture.tool(["python3", "-c", Self.python] + words, files: Self.files)
        #expect(try StorePackage(zip: bytes) == Self.package)
    }

    @Test("what is stored with its size behind it is refused: only the directory tells where it ends")
    func storedPipe() async throws {
        let bytes = try await ZipFixture.tool(["python3", "-c", Self.python, "0", "pipe"], files: Self.files)
        #expect(failure { _ = try StorePackage(zip: bytes) }?.violation?.rule == .zipMethod)
    }

    @Test(
        "Info-ZIP's zip, with times and owners and without, stored and deflated",
        .enabled(if: ZipFixture.isInstalled("zip"), "zip is not installed"), arguments: ["-q", "-q9X", "-q0"])
    func infoZip(_ option: String) async throws {
        let words = ["zip", option, "-", "install.sh", "manifest.json", "compose-template.yml"]
        // To a pipe it writes sizes behind the data, also of what is stored.
        let bytes = try await ZipFixture.tool(
            ["sh", "-c", words.map { $0 == "-" ? "x.zip" : $0 }.joined(separator: " ") + " && cat x.zip"],
            files: Self.files)
        #expect(try StorePackage(zip: bytes) == Self.package)
    }

    @Test(
        "libarchive's bsdtar, which writes data descriptors",
        .enabled(if: ZipFixture.isInstalled("bsdtar"), "bsdtar is not installed"))
    func bsdtar() async throws {
        // To a pipe it adds zeros up to 10240 bytes, which are refused.
        let words = "bsdtar --format zip -cf x.zip manifest.json compose-template.yml install.sh && cat x.zip"
        let bytes = try await ZipFixture.tool(["sh", "-c", words], files: Self.files)
        #expect(try StorePackage(zip: bytes) == Self.package)
    }

    @Test("what is written is read again, the same bytes each time, and Python finds nothing wrong with it")
    func roundTrip() async throws {
        let bytes = Self.package.zip()
        #expect(bytes == Self.package.zip())
        #expect(try StorePackage(zip: bytes) == Self.package)
        let least = StorePackage(manifest: [])
        #expect(try StorePackage(zip: least.zip()) == least)
        let listing = try await ZipFixture.tool(
            [
                "python3", "-c",
                """
                import zipfile
                with zipfile.ZipFile("x.zip") as file:
                    assert file.testzip() is None
                    for i in file.infolist():
                        print(i.filename, i.date_time[:3], oct(i.external_attr >> 16), i.file_size, i.compress_type)
                """,
            ], binary: ["x.zip": bytes])
        #expect(
            String(decoding: listing, as: UTF8.self) == """
                compose-template.yml (1980, 1, 1) 0o100644 \(Self.template.utf8.count) 0
                install.sh (1980, 1, 1) 0o100755 \(Self.script.utf8.count) 0
                manifest.json (1980, 1, 1) 0o100644 \(Self.manifest.utf8.count) 0

                """)
    }

    @Test("the digest of a small package never changes")
    func golden() {
        let digest = SHA256.hash(StorePackage(manifest: Array("{}".utf8), installScript: Array("true\n".utf8)).zip())
        #expect(digest.hex == "4ae772af42deee73b65d63fbd682c62180fc28f79551448aad2f5166c709ed8e")
    }

    @Test("a package without a manifest, or with other files, is refused by name")
    func files() throws {
        let none = ZipFixture(.init(name: "install.sh")).bytes()
        #expect(failure { _ = try StorePackage(zip: none) }?.violation?.rule == .zipManifest)
        for name in ["README.md", "Manifest.json", "manifest.json.", "notes-manifest.json"] {
            let other = ZipFixture(.init(), .init(name: name)).bytes()
            let error = failure { _ = try StorePackage(zip: other) }
            #expect(error?.violation?.rule == .zipName, "\(name)")
            #expect(error?.message.contains("\"\(name)\"") == true)
        }
    }
}
