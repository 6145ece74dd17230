/// A rule that a header or a name breaks; whoever reads the stream adds the place.
public struct BrokenRule: Error, Sendable {
    let rule: Rule
    let reason: String

    init(_ rule: Rule, _ reason: String) {
        self.rule = rule
        self.reason = reason
    }
}
