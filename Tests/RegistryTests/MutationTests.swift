import FoundationEssentials
import Registry
import Testing

@Suite("Random damage")
struct MutationTests {
    /// Pieces that JSON readers and validators stumble over.
    static let pieces: [String] = [
        "null", "true", "-1", "1e999", "99999999999999999999", "\"\"", "\"..\"", "\"/\"", "\"\\u0000\"", "\"\\ud800\"",
        "{}", "[]", "[[[[", "}}}}", ",", ":", "\"", "\\", "\0", "\u{7f}", "/", "é", "{\"a\":1,\"a\":2}",
    ]

    /// How many manifests are damaged; the full number is 100 000 (CONTRIBUTING.md).
    static let count = ProcessInfo.processInfo.environment["PICJOBS_MUTATIONS"].flatMap { Int($0) } ?? 5000

    @Test("damaged manifests each get a verdict: accepted, or refused with a reason", arguments: 0..<10)
    func mutations(_ part: Int) throws {
        let originals = try Fixture.names.map { try Fixture.bytes($0) }
        let context = RuleContext(
            projectRoot: "/srv/cell", neighbours: Neighbours(try Fixture.names.map { try Fixture.manifest($0) }))
        let count = Self.count / 10
        var numbers = SeededGenerator(UInt64(part))
        var (unread, refused, accepted) = (0, 0, 0)
        for _ in 0..<count {
            var bytes = originals[Int.random(in: 0..<originals.count, using: &numbers)]
            for _ in 0..<Int.random(in: 1...3, using: &numbers) { Self.damage(&bytes, &numbers) }
            let report = RuleBook.manifests.judge(bytes, file: "manifest.json", in: context)
            Self.check(report, bytes)
            if let manifest = report.manifest { Self.check(manifest) } else { unread += 1 }
            if report.isAccepted { accepted += 1 } else { refused += 1 }
        }
        #expect(unread + accepted < count + refused && refused > count / 3, "the damage is too mild: \(refused)")
        #expect((count * 3 / 10..<count).contains(unread), "the damage is neither too mild nor too heavy: \(unread)")
    }

    /// What holds for every verdict: it agrees with the reading, and every finding is one of the book's, in plain text.
    static func check(_ report: ManifestReport, _ bytes: [UInt8]) {
        do throws(RegistryError) {
            let manifest = try Manifest(parsing: bytes, file: "manifest.json")
            #expect(report.manifest == manifest)
        } catch {
            #expect(report.manifest == nil && !report.isAccepted && !error.faults.isEmpty && error.code == .manifest)
        }
        #expect(report.manifest != nil || report.findings.contains { $0.severity == .error })
        for finding in report.findings {
            let plain = finding.description.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
            #expect(plain && RuleBook.manifests[finding.rule]?.severity == finding.severity, "\(finding)")
        }
    }

    /// What holds for every accepted manifest.
    static func check(_ manifest: Manifest) {
        let volumes = manifest.backup?.volumes ?? []
        #expect(Set(volumes.map(\.name.key)).count == volumes.count)
        #expect(!manifest.capabilities.hasStorage || manifest.backup != nil)
        for volume in volumes {
            #expect(volume.path.rawValue.utf8.first == UInt8(ascii: "/"))
            #expect(!volume.path.rawValue.split(separator: "/").contains(".."))
            #expect(volume.container.rawValue.utf8.first != UInt8(ascii: "-"))
        }
    }

    static func damage(_ bytes: inout [UInt8], _ numbers: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &numbers)
        let length = Int.random(in: 1...16, using: &numbers)
        let range = place..<min(place + length, bytes.count)
        switch Int.random(in: 0..<7, using: &numbers) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &numbers)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
        case 2: bytes.removeSubrange(range)
        case 3: bytes.insert(contentsOf: bytes[range], at: place)
        case 4: bytes.removeLast(bytes.count - place)
        case 5: bytes.insert(contentsOf: (pieces.randomElement(using: &numbers) ?? "").utf8, at: place)
        default: replaceValue(&bytes, from: place, &numbers)
        }
    }

    /// Puts a piece where a string or number stands, so that the damage often is still JSON.
    static func replaceValue(_ bytes: inout [UInt8], from place: Int, _ numbers: inout SeededGenerator) {
        guard let colon = bytes[place...].firstIndex(of: UInt8(ascii: ":")),
            let end = bytes[colon...].firstIndex(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") })
        else { return }
        bytes.replaceSubrange(colon + 1..<end, with: (pieces.randomElement(using: &numbers) ?? "").utf8)
    }
}
