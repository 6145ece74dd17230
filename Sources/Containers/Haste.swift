internal import Synchronization

/// Lets whoever began a piece of work say that it must come to its end soon, also where it can't be cancelled.
///
/// Work that must finish what it began is shielded from cancellation; a command in it that hangs must still not keep a
/// cancelled run for an hour.
public final class Haste: Sendable {
    /// The haste of the work that runs now, if it has one.
    @TaskLocal public static var current: Haste?

    /// How long a command may still take once there is haste.
    public static let limit = Duration.seconds(60)

    private let began = Mutex<ContinuousClock.Instant?>(nil)

    /// No haste yet.
    public init() {}

    /// From now on, commands have ``limit`` at most.
    public func begin() {
        began.withLock { if $0 == nil { $0 = .now } }
    }

    /// When there was haste first; nil while there is none.
    var start: ContinuousClock.Instant? { began.withLock { $0 } }
}
