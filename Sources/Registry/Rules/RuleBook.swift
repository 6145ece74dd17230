/// All rules for manifests, and the one place where manifests are held against them.
public struct RuleBook: Sendable {
    /// The rules in the order of the guide's fields.
    public let rules: [Rule]
    private let places: [RuleID: Int]

    /// The rules of the service developer guide.
    public static let manifests = RuleBook(
        Rule.file + Rule.identity + Rule.capabilities + Rule.routing + Rule.containers + Rule.config + Rule.accounts
            + Rule.template + Rule.backup + Rule.egress + Rule.storage + Rule.image + Rule.mounts + Rule.environment
            + Rule.forwarding + Rule.neighbours + Rule.quality + Rule.composeTemplate + Rule.installScript + Rule.live)

    init(_ rules: [Rule]) {
        self.rules = rules
        places = Dictionary(rules.enumerated().map { ($0.element.id, $0.offset) }) { first, _ in first }
    }

    /// The rule of that name; nil when there is none.
    public subscript(id: RuleID) -> Rule? { places[id].map { rules[$0] } }

    /// Holds one manifest against every rule; always a verdict, never an error.
    ///
    /// - Parameters:
    ///   - bytes: The file as it is.
    ///   - file: Its name for the report.
    ///   - directory: The id that the manifest must have; nil when the place says nothing.
    public func judge(
        _ bytes: [UInt8], file: String, directory: ServiceID? = nil, in context: RuleContext = RuleContext()
    ) -> ManifestReport {
        judge(Reading(ManifestSource(file: file, bytes: bytes, directory: directory)), in: context)
    }

    /// Holds several manifests against every rule and each other: of two in conflict, the one with the later id (or file
    /// name) breaks the rule. The reports come in that order; those without a readable id come last.
    ///
    /// - Parameter installed: Services that are there already; one that is judged anew is no neighbour of itself.
    public func judge(
        _ sources: [ManifestSource], beside installed: [Manifest] = [], in context: RuleContext = RuleContext()
    ) async -> [ManifestReport] {
        var context = context
        let readings = await sources.mapConcurrently(Reading.init).sorted()
        let judged = Set(readings.compactMap { $0.manifest?.id })
        for manifest in installed where !judged.contains(manifest.id) { context.neighbours.add(manifest) }
        // Each part of the list is held against what comes before it.
        var parts: [(readings: ArraySlice<Reading>, context: RuleContext)] = []
        for part in readings.inParts {
            parts.append((part, context))
            for reading in part { context.neighbours.add(reading) }
        }
        return await parts.mapConcurrently { part in
            var context = part.context
            return part.readings.map { reading in
                defer { context.neighbours.add(reading) }
                return judge(reading, in: context)
            }
        }.flatMap(\.self)
    }

    /// A manifest that was read, before the rules of an installation.
    fileprivate struct Reading: Comparable, Sendable {
        let file: String
        let root: JSONValue?
        let manifest: Manifest?
        let faults: [Fault]
        /// How many faults were found and not kept.
        let omitted: Int

        init(_ source: ManifestSource) {
            let faults = FaultList(file: source.file)
            let root = Manifest.document(source.bytes, faults)
            let read = root.flatMap { Manifest(Field(root: $0, faults: faults), directory: source.directory) }
            file = source.file
            self.root = root
            self.faults = faults.faults
            omitted = faults.omitted
            manifest = faults.faults.isEmpty ? read : nil
        }

        static func < (left: Reading, right: Reading) -> Bool {
            switch (left.manifest?.id, right.manifest?.id) {
            case (let one?, let two?) where one != two: one < two
            case (_?, nil): true
            case (nil, _?): false
            default: left.file.utf8.lexicographicallyPrecedes(right.file.utf8)
            }
        }

        static func == (left: Reading, right: Reading) -> Bool {
            left.manifest?.id == right.manifest?.id && left.file == right.file
        }
    }

    private func judge(_ reading: Reading, in context: RuleContext) -> ManifestReport {
        guard let root = reading.root else {
            return ManifestReport(
                file: reading.file, manifest: nil, findings: reading.faults.compactMap(finding))
        }
        let found = FaultList(file: reading.file)
        // Another schema version has other fields, and what is no object has none.
        if root.object != nil, !reading.faults.contains(where: { $0.rule == "schema_version.supported" }) {
            let check = RuleCheck(root: Field(root: root, faults: found), context: context)
            for rule in rules {
                found.rule = rule.id
                rule.check?(check)
            }
        }
        return ManifestReport(
            file: reading.file, manifest: reading.manifest,
            findings: inFileOrder(reading.faults + found.faults, root).compactMap(finding),
            omitted: reading.omitted + found.omitted)
    }

    private func finding(_ fault: Fault) -> Finding? {
        guard let id = fault.rule, let rule = self[id] else { return nil }
        return Finding(
            rule: id, severity: rule.severity, pointer: fault.pointer, message: fault.message, remedy: rule.remedy)
    }

    /// A person goes through the file from top to bottom; what is missing comes last.
    private func inFileOrder(_ faults: [Fault], _ root: JSONValue) -> [Fault] {
        guard faults.count > 1 else { return faults }
        let keys = Dictionary((root.object?.keys ?? []).enumerated().map { ($0.element, $0.offset) }) { first, _ in
            first
        }
        func place(_ fault: Fault) -> Int {
            guard case .key(let key)? = fault.pointer.steps.first else { return -1 }
            return keys[key] ?? .max
        }
        return faults.enumerated().sorted { left, right in
            let (one, two) = (place(left.element), place(right.element))
            return one == two ? left.offset < right.offset : one < two
        }.map(\.element)
    }
}

extension Neighbours {
    /// One more service, when its manifest can be read.
    fileprivate mutating func add(_ reading: RuleBook.Reading) {
        if let manifest = reading.manifest { add(manifest) }
    }
}
