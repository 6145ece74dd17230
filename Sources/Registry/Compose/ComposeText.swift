/// The variables inside one text of a template.
///
/// `${NAME}` is a variable, `$$` stands for one `$`, and a `$` before anything that can't begin a name is itself. All
/// else that Compose would interpolate (`$NAME`, `${NAME:-default}`) is refused, so that nothing is ever left to it.
enum ComposeText {
    /// A piece of a text.
    enum Piece: Equatable {
        case literal(String)
        /// The name between `${` and `}`.
        case variable(String)
        /// Something that is no variable, and what to do.
        case refused(String)
    }

    /// Takes a text apart.
    static func pieces(_ text: String) -> [Piece] {
        let bytes = Array(text.utf8)
        let dollar = UInt8(ascii: "$")
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var position = 0
        while position < bytes.count {
            guard bytes[position] == dollar else {
                literal.append(bytes[position])
                position += 1
                continue
            }
            let next = position + 1 < bytes.count ? bytes[position + 1] : 0
            switch next {
            case dollar:
                literal.append(dollar)
                position += 2
            case UInt8(ascii: "{"):
                if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
                literal = []
                let end = bytes[position...].firstIndex(of: UInt8(ascii: "}"))
                pieces.append(braced(bytes[(position + 2)..<(end ?? bytes.count)], isClosed: end != nil))
                position = end.map { $0 + 1 } ?? bytes.count
            case UInt8(ascii: "_"),
                _ where ASCII.isLetter(next):
                let rest = bytes[(position + 1)...]
                let name = String(decoding: rest.prefix(while: isNamePart), as: UTF8.self)
                pieces.append(
                    .refused(
                        "\(quoted("$" + name)) is not replaced; write ${\(shownName(name))} for a variable, "
                            + "$$\(shownName(name)) for this text"))
                position += 1
            default:
                literal.append(dollar)
                position += 1
            }
        }
        if !literal.isEmpty { pieces.append(.literal(String(decoding: literal, as: UTF8.self))) }
        return pieces
    }

    private static func braced(_ bytes: ArraySlice<UInt8>, isClosed: Bool) -> Piece {
        let name = String(decoding: bytes, as: UTF8.self)
        guard isClosed else { return .refused("\"${\" has no \"}\"; write $${ for this text") }
        guard let first = bytes.first, first == UInt8(ascii: "_") || ASCII.isLetter(first), bytes.allSatisfy(isNamePart)
        else {
            return .refused(
                "\(quoted("${" + name + "}")) is no variable; only a plain ${NAME} is replaced, without defaults")
        }
        return .variable(name)
    }

    private static func isNamePart(_ byte: UInt8) -> Bool { ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "_") }

    private static func shownName(_ name: String) -> String { name.utf8.count > 80 ? "…" : name }
}
