import FoundationEssentials
import Registry
import SystemPackage
import Testing

@Suite("docs/rules.md")
struct RuleDocumentTests {
    static let path = Fixture.services().removingLastComponent().removingLastComponent().removingLastComponent()
        .appending("docs/rules.md")

    /// `PICJOBS_WRITE_RULES=1` writes the document instead of comparing it (CONTRIBUTING.md).
    @Test("is what the rules in the code say")
    func document() throws {
        let text = RuleBook.manifests.document
        if ProcessInfo.processInfo.environment["PICJOBS_WRITE_RULES"] == "1" {
            try Data(text.utf8).write(to: URL(filePath: Self.path.string))
        }
        let written = try Fixture.readAll(Self.path)
        #expect(
            String(decoding: written, as: UTF8.self) == text,
            "write it again: PICJOBS_WRITE_RULES=1 swift test --filter RuleDocumentTests")
    }

    @Test("every rule has a name of the usual form, a sentence, a remedy and a section")
    func texts() {
        for rule in RuleBook.manifests.rules {
            let words = rule.id.rawValue.split(separator: ".", omittingEmptySubsequences: false)
            let plain = words.allSatisfy { word in
                !word.isEmpty && word.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == 0x5f || $0 == 0x2d }
            }
            #expect((words.count >= 2 || rule.stage == .template) && plain, "\(rule.id)")
            #expect([".", ")"].contains(rule.statement.last), "\(rule.id): \(rule.statement)")
            #expect(!rule.remedy.isEmpty && rule.remedy.last != ".", "\(rule.id): \(rule.remedy)")
            #expect(["appendix", "1", "2", "3", "4", "5", "6", "9"].contains(rule.section), "\(rule.id)")
        }
    }
}
