/// Guesses about English text, for warnings alone.
struct Prose {
    private let words: [Substring]

    init(_ text: String) {
        words = text.split(whereSeparator: \.isWhitespace)
    }

    /// How many sentences there seem to be: one more than the ends of sentences that a capital follows.
    var sentences: Int {
        let ends = zip(words, words.dropFirst()).filter { word, next in
            guard let last = word.last, ".!?".contains(last), let first = next.first else { return false }
            return first.isUppercase && !Self.abbreviations.contains(word.lowercased())
        }
        return words.isEmpty ? 0 : ends.count + 1
    }

    /// The first word of praise, or an exclamation mark; nil when the text is sober.
    var praise: String? {
        for word in words {
            let plain = word.lowercased().filter { $0.isLetter || $0 == "-" }
            if Self.praises.contains(plain) { return plain }
        }
        return words.contains { $0.last == "!" } ? "!" : nil
    }

    /// A capital, a digit or a sign first, and not a capital at each longer word. Words of capitals alone, as `HTTP`, say
    /// nothing, nor do short ones.
    var isSentenceCase: Bool {
        guard let first = words.first?.first else { return true }
        if first.isLowercase { return false }
        let telling = words.dropFirst().filter { $0.count > 3 && $0.contains(where: \.isLowercase) }
        return telling.isEmpty || telling.contains { $0.first?.isLowercase == true }
    }

    private static let abbreviations: Set<String> = ["e.g.", "i.e.", "etc.", "vs.", "approx.", "incl.", "no."]

    private static let praises: Set<String> = [
        "amazing", "awesome", "beautiful", "best", "blazing", "blazingly", "bleeding-edge", "breathtaking",
        "cutting-edge",
        "delightful", "effortless", "effortlessly", "enterprise-grade", "exciting", "fantastic", "game-changing",
        "incredible",
        "industry-leading", "innovative", "lightning-fast", "magical", "market-leading", "next-gen", "next-generation",
        "perfect", "revolutionary", "seamless", "seamlessly", "state-of-the-art", "stunning", "superb", "supercharge",
        "ultimate", "unbeatable", "unmatched", "unparalleled", "unrivaled", "unrivalled", "world-class",
    ]
}
