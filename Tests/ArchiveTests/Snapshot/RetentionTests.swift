import Testing

@testable import Archive

@Suite("Retention")
struct RetentionTests {
    typealias Kept = [String]

    static let data = SnapshotVolume(service: "notes", name: "data")
    static let mail = SnapshotVolume(service: "mail", name: "spool")

    static func candidate(
        _ text: String, _ kind: SnapshotDocument.Kind = .nightly, ok: Set<SnapshotVolume> = [data],
        warnings: Set<SnapshotVolume> = []
    ) -> Retention.Candidate {
        guard let id = SnapshotID(text) else { preconditionFailure(text) }
        return .init(id: id, kind: kind, okVolumes: ok, warningVolumes: warnings)
    }

    static func kept(_ candidates: [Retention.Candidate], _ policy: RetentionPolicy) -> Kept {
        Retention.plan(candidates.shuffled(), policy).filter(\.isKept).map(\.id.description)
    }

    /// Two a day around the turn of a year; 2026-12-28 is a Monday, and so is 2027-01-04.
    static let year = [
        "20251231T020000Z", "20261130T020000Z", "20261227T020000Z", "20261228T020000Z", "20261228T140000Z",
        "20270103T020000Z", "20270103T023000Z", "20270104T020000Z",
    ].map { candidate($0) }

    @Test(
        "each rule keeps the newest of its periods (UTC)",
        arguments: [
            (.init(keepLast: 2), ["20270103T023000Z", "20270104T020000Z"]),
            (.init(keepLast: 100), year.map(\.id.description)),
            (.init(keepHourly: 3), ["20261228T140000Z", "20270103T023000Z", "20270104T020000Z"]),
            (.init(keepDaily: 3), ["20261228T140000Z", "20270103T023000Z", "20270104T020000Z"]),
            (.init(keepWeekly: 1), ["20270104T020000Z"]),
            (.init(keepWeekly: 3), ["20261227T020000Z", "20270103T023000Z", "20270104T020000Z"]),
            (.init(keepMonthly: 3), ["20261130T020000Z", "20261228T140000Z", "20270104T020000Z"]),
            (.init(keepYearly: 9), ["20251231T020000Z", "20261228T140000Z", "20270104T020000Z"]),
            (
                .init(keepLast: 1, keepDaily: 2, keepYearly: 2),
                ["20261228T140000Z", "20270103T023000Z", "20270104T020000Z"]
            ),
        ] as [(RetentionPolicy, Kept)])
    func rules(policy: RetentionPolicy, expected: Kept) { #expect(Self.kept(Self.year, policy) == expected) }

    @Test(
        "a policy without a rule removes nothing",
        arguments: [.init(), .init(keepLast: 0), .init(keepDaily: 0, keepYearly: -1)] as [RetentionPolicy])
    func empty(policy: RetentionPolicy) {
        let all = Self.year + [Self.candidate("20270105T000000Z", .safety)]
        #expect(Self.kept(all, policy).count == all.count)
    }

    @Test("the newest ok archive of any volume stays, and says why")
    func newestOK() {
        let list = [
            Self.candidate("20260101T000000Z", ok: [Self.mail]),
            Self.candidate("20260102T000000Z", ok: [Self.mail, Self.data]),
            Self.candidate("20260103T000000Z", ok: [Self.data], warnings: [Self.mail]),
            Self.candidate("20260104T000000Z", ok: []),
            Self.candidate("20260105T000000Z", .safety, ok: [Self.mail, Self.data]),
        ]
        let plan = Retention.plan(list, .init(keepLast: 1, keepSafety: 0))
        #expect(
            plan.map(\.reasons) == [
                [], ["newest ok archive of mail/spool"],
                ["newest ok archive of notes/data", "newest archive with warnings of mail/spool"], ["last 1"], [],
            ])
    }

    @Test("safety snapshots have their own count and satisfy no other rule")
    func safety() {
        let list = [
            Self.candidate("20260101T000000Z"), Self.candidate("20260102T000000Z", .safety),
            Self.candidate("20260103T000000Z", .safety), Self.candidate("20260104T000000Z", .safety),
        ]
        #expect(Self.kept(list, .init(keepLast: 1)).count == 4)
        #expect(Self.kept(list, .init(keepLast: 1, keepSafety: 1)) == ["20260101T000000Z", "20260104T000000Z"])
        #expect(Self.kept(list, .init(keepSafety: 0)) == ["20260101T000000Z"])
        #expect(Self.kept([list[1], list[2]], .init(keepLast: 5, keepSafety: 0)) == [])
    }

    @Test("a failed run does not push a good one of the same day out")
    func failedRun() {
        let list = [
            Self.candidate("20260101T000000Z"), Self.candidate("20260102T000000Z"),
            Self.candidate("20260102T120000Z", ok: []), Self.candidate("20260103T000000Z"),
        ]
        #expect(Self.kept(list, .init(keepDaily: 2)) == ["20260102T000000Z", "20260103T000000Z"])
    }

    @Test("a cell without volumes is still thinned by time")
    func noVolumes() {
        let list = ["20260101T000000Z", "20260101T010000Z", "20260102T000000Z"].map { Self.candidate($0, ok: []) }
        #expect(Self.kept(list, .init(keepDaily: 7)) == ["20260101T010000Z", "20260102T000000Z"])
    }

    @Test("whatever the policy, no volume loses its newest ok archive")
    func property() {
        let volumes = (0..<4).map { SnapshotVolume(service: "s", name: "\($0)") }
        for _ in 0..<300 {
            let list = (0..<20).map { _ in
                Retention.Candidate(
                    id: SnapshotID(Timestamp(seconds: .random(in: 1_700_000_000...1_800_000_000))),
                    kind: SnapshotDocument.Kind.allCases.randomElement() ?? .manual,
                    okVolumes: Set(volumes.filter { _ in Int.random(in: 0..<4) == 0 }))
            }
            let policy = RetentionPolicy(
                keepLast: .random(in: 0...2), keepHourly: .random(in: 0...2), keepDaily: .random(in: 0...2),
                keepWeekly: .random(in: 0...2), keepSafety: .random(in: 0...2))
            let kept = Set(Retention.plan(list, policy).filter(\.isKept).map(\.id))
            for volume in volumes {
                let newest = list.filter { $0.kind != .safety && $0.okVolumes.contains(volume) }.map(\.id).max()
                if let newest { #expect(kept.contains(newest)) }
            }
        }
    }
}
