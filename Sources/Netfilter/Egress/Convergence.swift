/// Reads, compares and applies until the kernel holds what is wanted.
enum Convergence {
    /// How often the state is compared and changed again when others change it meanwhile.
    private static let attempts = 16

    /// - Parameters:
    ///   - place: Which namespace, for the sentence of an error.
    ///   - step: Reads the state and makes the change; the lines of what it did, none when there was nothing to do.
    /// - Returns: what was done, one line per step; empty when it was so already.
    /// - Throws: ``NetfilterError``; `.lost` when others change it as fast as it is repaired.
    static func run(
        _ place: String, _ step: () throws(NetfilterError) -> [String]
    ) throws(NetfilterError) -> [String] {
        var done: [String] = []
        var left = "its state changes while it is read"
        for _ in 0..<attempts {
            do throws(NetfilterError) {
                let lines = try step()
                guard let first = lines.first else { return done }
                left = first
                done += lines
            } catch  where error.code == .stale {
                continue
            }
        }
        throw NetfilterError(
            .lost, "\(place) does not stay as planned; after \(attempts) attempts still to do: \(left)")
    }
}
