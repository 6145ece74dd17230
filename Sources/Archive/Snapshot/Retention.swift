/// Which snapshots a policy keeps: a pure function over what the store lists.
public enum Retention {
    /// A snapshot as far as retention cares.
    public struct Candidate: Sendable, Equatable {
        public let id: SnapshotID
        public let kind: SnapshotDocument.Kind
        /// Volumes whose archive in it is ok.
        public let okVolumes: Set<SnapshotVolume>
        /// Volumes whose archive in it is ok but for files that changed while they were read.
        public let warningVolumes: Set<SnapshotVolume>

        public init(
            id: SnapshotID, kind: SnapshotDocument.Kind, okVolumes: Set<SnapshotVolume>,
            warningVolumes: Set<SnapshotVolume> = []
        ) {
            self.id = id
            self.kind = kind
            self.okVolumes = okVolumes
            self.warningVolumes = warningVolumes
        }
    }

    /// What becomes of one snapshot.
    public struct Decision: Sendable, Equatable {
        public let id: SnapshotID
        /// Why it stays, e.g. `daily 2026-11-23` or `newest ok archive of notes/data`; empty when it goes.
        public let reasons: [String]
        public var isKept: Bool { !reasons.isEmpty }

        /// The same with one more reason to stay.
        public func keeping(_ reason: String) -> Decision { Decision(id: id, reasons: reasons + [reason]) }
    }

    /// One decision for each candidate, the oldest first.
    ///
    /// A snapshot that holds the newest ok archive of any volume (or the newest with warnings) always stays. A period
    /// keeps its newest snapshot that holds a usable archive, else its newest one. A policy without any rule removes
    /// nothing; safety snapshots obey `keepSafety` only and never satisfy another rule.
    public static func plan(_ candidates: [Candidate], _ policy: RetentionPolicy) -> [Decision] {
        let newestFirst = candidates.sorted { $0.id > $1.id }
        let regular = newestFirst.filter { $0.kind != .safety }
        var reasons: [SnapshotID: [String]] = [:]
        func keep(_ id: SnapshotID, _ reason: String) { reasons[id, default: []].append(reason) }

        let rules: [(name: String, count: Int?, period: (CivilTime) -> String)] = [
            ("hourly", policy.keepHourly, { "\($0.date("-"))T\(CivilTime.pad($0.hour, 2))" }),
            ("daily", policy.keepDaily, { $0.date("-") }),
            ("weekly", policy.keepWeekly, { "from " + monday(of: $0).date("-") }),
            ("monthly", policy.keepMonthly, { String($0.date("-").dropLast(3)) }),
            ("yearly", policy.keepYearly, { CivilTime.pad($0.year, 4) }),
        ]
        if ([policy.keepLast] + rules.map(\.count)).allSatisfy({ ($0 ?? 0) <= 0 }) {
            for candidate in regular { keep(candidate.id, "no rule removes it") }
        }
        for (position, candidate) in regular.prefix(max(0, policy.keepLast ?? 0)).enumerated() {
            keep(candidate.id, "last \(position + 1)")
        }
        for rule in rules {
            for (period, id) in newest(of: regular, rule.period).prefix(max(0, rule.count ?? 0)) {
                keep(id, "\(rule.name) \(period)")
            }
        }
        protectNewest(regular, \.okVolumes, "newest ok archive of", keep)
        protectNewest(regular, \.warningVolumes, "newest archive with warnings of", keep)
        for (position, candidate) in newestFirst.filter({ $0.kind == .safety }).enumerated() {
            guard let count = policy.keepSafety else {
                keep(candidate.id, "safety snapshot")
                continue
            }
            if position < count { keep(candidate.id, "safety \(position + 1)") }
        }
        return newestFirst.reversed().map { Decision(id: $0.id, reasons: reasons[$0.id] ?? []) }
    }

    /// For each period that has a snapshot, the newest period first, the one that stands for it.
    private static func newest(
        of newestFirst: [Candidate], _ period: (CivilTime) -> String
    ) -> [(period: String, id: SnapshotID)] {
        var chosen: [(period: String, candidate: Candidate)] = []
        for candidate in newestFirst {
            let name = period(CivilTime(seconds: candidate.id.start.seconds))
            if let last = chosen.last, last.period == name {
                if isEmpty(last.candidate) && !isEmpty(candidate) { chosen[chosen.count - 1].candidate = candidate }
            } else {
                chosen.append((name, candidate))
            }
        }
        return chosen.map { ($0.period, $0.candidate.id) }
    }

    private static func isEmpty(_ candidate: Candidate) -> Bool {
        candidate.okVolumes.isEmpty && candidate.warningVolumes.isEmpty
    }

    private static func protectNewest(
        _ newestFirst: [Candidate], _ volumes: (Candidate) -> Set<SnapshotVolume>, _ reason: String,
        _ keep: (SnapshotID, String) -> Void
    ) {
        var seen: Set<SnapshotVolume> = []
        for candidate in newestFirst {
            for volume in volumes(candidate).sorted() where seen.insert(volume).inserted {
                keep(candidate.id, "\(reason) \(volume)")
            }
        }
    }

    private static func monday(of time: CivilTime) -> CivilTime {
        // 1970-01-01 was a Thursday: three days after a Monday.
        CivilTime(seconds: (CivilTime.floorDivide(time.days + 3, 7) * 7 - 3) * 86_400)
    }
}
