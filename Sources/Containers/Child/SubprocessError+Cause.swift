internal import Subprocess
internal import SystemPackage

extension SubprocessError {
    /// What it says, with the failed call's own reason where its sentence leaves that out.
    var inWords: String {
        let words = "\(self)"
        guard let cause = underlyingError.map({ "\($0)" }), !words.contains(cause) else { return words }
        return words + " (\(cause))"
    }
}
