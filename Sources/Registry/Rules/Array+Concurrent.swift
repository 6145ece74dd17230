extension Array where Element: Sendable {
    /// Into how many parts a long list is cut: more than most machines have cores, and few enough to be no burden.
    private static var parts: Int { 8 }

    /// The same list in parts of about the same length.
    var inParts: [ArraySlice<Element>] {
        let length = Swift.max(1, (count + Self.parts - 1) / Self.parts)
        return stride(from: 0, to: count, by: length).map { self[$0..<Swift.min($0 + length, count)] }
    }

    /// Makes something of every element, on all cores; the results keep their order.
    package func mapConcurrently<Result: Sendable>(
        _ body: @escaping @Sendable (Element) -> Result
    ) async -> [Result] {
        await withTaskGroup(of: (Int, [Result]).self) { group in
            for (number, part) in inParts.enumerated() {
                group.addTask { (number, part.map(body)) }
            }
            var results: [Int: [Result]] = [:]
            for await (number, result) in group { results[number] = result }
            return results.sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }
}
