import FoundationEssentials
import Testing

@testable import Archive

@Suite("Snapshot ids")
struct SnapshotIDTests {
    @Test("an id is its UTC second")
    func text() {
        let id = SnapshotID(Date(timeIntervalSince1970: 1_795_401_000.9))
        #expect(id.description == "20261123T023000Z")
        #expect(SnapshotID("20261123T023000Z") == id)
        #expect(SnapshotID("20261231T235959Z")?.next.description == "20270101T000000Z")
    }

    @Test(
        "anything else is no id",
        arguments: [
            "", "20261123T023000", "20261123T023000z", "20261123t023000Z", "20261131T023000Z", "20261123T243000Z",
            "20261123T023000Z\n", " 20261123T023000Z", "2026112 T023000Z", "+0261123T023000Z", "00000101T000000Z",
            "latest", ".incomplete-20261123T023000Z", "20261123T023060Z",
        ])
    func strict(text: String) { #expect(SnapshotID(text) == nil) }

    @Test("ids order by time") func order() throws {
        let older = try #require(SnapshotID("20251123T023000Z"))
        #expect(older < older.next)
    }
}
