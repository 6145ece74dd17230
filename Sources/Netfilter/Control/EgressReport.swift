/// What was done, or would be, and what could not be.
public struct EgressReport: Sendable {
    /// One change in one namespace.
    public struct Step: Hashable, Sendable {
        /// `gateway`, `host`, or the container's name.
        public let place: String
        /// What is done, as in "add the rule 1110: …".
        public let line: String
    }

    /// What keeps something from being as planned; it is closed meanwhile.
    public struct Problem: Hashable, Sendable {
        /// `gateway`, `host`, or the container's name.
        public let place: String
        /// One sentence.
        public let message: String
    }

    public internal(set) var steps: [Step] = []
    public internal(set) var problems: [Problem] = []
    /// What is in the way of the plan or beside it, and not ours to change; a sentence each.
    public internal(set) var findings: [String] = []

    mutating func add(_ place: String, _ lines: [String]) {
        steps += lines.map { Step(place: place, line: $0) }
    }

    /// Does something in one namespace; a failure there is a problem, and the others are not held up by it.
    /// - Returns: whether it was done.
    @discardableResult
    mutating func attempt(
        _ place: String, _ body: (inout EgressReport) throws(NetfilterError) -> Void
    ) -> Bool {
        do throws(NetfilterError) {
            try body(&self)
            return true
        } catch {
            problems.append(Problem(place: place, message: error.message))
            return false
        }
    }
}
