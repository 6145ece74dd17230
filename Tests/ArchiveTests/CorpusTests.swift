import Foundation
import SystemPackage
import Testing

@testable import Archive

@Suite("The corpus of hostile, damaged and odd archives")
struct CorpusTests {
    @Test("refuses a hostile archive for the rule that it breaks", arguments: Corpus.files("hostile", only: nil))
    func refusesHostile(_ name: String) throws { try expectRefusal(name) }

    @Test("refuses a damaged archive", arguments: Corpus.files("damaged", only: nil))
    func refusesDamaged(_ name: String) throws { try expectRefusal(name) }

    @Test("accepts an odd but legitimate archive, and sees every entry", arguments: Corpus.files("good", only: nil))
    func acceptsGood(_ name: String) throws {
        let file = try #require(Corpus.shared[name])
        let summary = try ArchiveFile(path: Corpus.path(name)).walk(limits: file.archiveLimits)
        #expect(summary.totals.entries == file.entries)
    }

    @Test(
        "accepts an archive that is sound and only dangerous on the host",
        arguments: Corpus.files("hostile", only: "extract"))
    func acceptsHostOnly(_ name: String) throws {
        try ArchiveFile(path: Corpus.path(name)).walk(limits: .unrecorded)
    }

    @Test(
        "refuses to extract onto the host what only the host must fear, and writes nothing",
        arguments: Corpus.files("hostile", only: "extract"))
    func refusesOnHost(_ name: String) throws {
        let file = try #require(Corpus.shared[name])
        let target = Corpus.path("target-" + name.replacing("/", with: "-"))
        let error = #expect(throws: ArchiveError.self) {
            _ = try HostExtractor(limits: file.archiveLimits, rules: .strict).extract(
                try ArchiveFile(path: Corpus.path(name)), to: FilePath(target))
        }
        let rule = try #require(error?.violation?.rule.rawValue)
        #expect(file.accepts(rule), "\(rule) instead of \(file.rule ?? "none")")
        #expect(!FileManager.default.fileExists(atPath: target))
    }

    @Test("names the very byte at which data begin behind the end, however far away")
    func placeOfDataBehindTheEnd() throws {
        let name = try #require(Corpus.files("hostile", only: nil).first { $0.hasSuffix("after-end-byte.tar.gz") })
        let error = #expect(throws: ArchiveError.self) {
            try ArchiveFile(path: Corpus.path(name)).walk(limits: .unrecorded)
        }
        // A directory, a file of one block, two zero blocks, 8000 zeros.
        #expect(error?.violation?.offset == 512 + 1024 + 1024 + 8000)
    }

    @Test("knows a hostile archive for every rule that a stream can break")
    func coversRules() {
        let outside = ["record.", "reader.", "gzip.", "zip."]
        let covered = Set(Corpus.shared.values.compactMap(\.rule))
        for rule in Rule.allCases where !outside.contains(where: rule.rawValue.hasPrefix) {
            #expect(covered.contains(rule.rawValue), "no archive breaks \(rule.rawValue)")
        }
    }

    private func expectRefusal(_ name: String) throws {
        let file = try #require(Corpus.shared[name])
        let error = #expect(throws: ArchiveError.self) {
            try ArchiveFile(path: Corpus.path(name)).walk(limits: file.archiveLimits)
        }
        #expect(error?.code == .refused)
        let rule = try #require(error?.violation?.rule.rawValue)
        #expect(file.accepts(rule), "\(rule) instead of \(file.rule ?? "none"): \(error?.message ?? "")")
        #expect(error?.message.contains("\n") == false)
    }
}
