/// What a run is, as its record says it.
public enum RunKind: String, Sendable, Codable {
    case backup
    case restore
    case prune
    case verify
    /// `egress apply`, or a job of that kind.
    case egressApply = "egress-apply"
    /// `egress set`.
    case egressSet = "egress-set"
    /// `egress reset`.
    case egressReset = "egress-reset"
    /// `caddy apply`.
    case caddyApply = "caddy-apply"

    /// Which lock it takes.
    var scope: CellLock.Scope {
        switch self {
        case .backup, .restore, .prune, .verify: .cell
        case .egressApply, .egressSet, .egressReset: .egress
        case .caddyApply: .caddy
        }
    }
}
