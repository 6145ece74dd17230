/// What a run is, as its record says it.
public enum RunKind: String, Sendable, Codable {
    case backup
    case restore
    case prune
    case verify
    /// `jobs recover`.
    case recover
    /// `egress apply`, or a job of that kind.
    case egressApply = "egress-apply"
    /// `egress set`.
    case egressSet = "egress-set"
    /// `egress reset`.
    case egressReset = "egress-reset"
    /// `caddy apply`.
    case caddyApply = "caddy-apply"

    case serviceInstall = "service-install"
    case serviceUpdate = "service-update"
    /// `service reconfigure`.
    case serviceReconfigure = "service-reconfigure"
    case serviceRemove = "service-remove"
    case serviceRestart = "service-restart"

    /// `jobs settle`.
    case settle
    /// That of a run whose record is not understood.
    case unknown

    /// Which lock it takes.
    var scope: CellLock.Scope {
        switch self {
        case .backup, .restore, .prune, .verify, .recover, .serviceInstall, .serviceUpdate, .serviceReconfigure,
            .serviceRemove, .serviceRestart, .settle, .unknown:
            .cell
        case .egressApply, .egressSet, .egressReset: .egress
        case .caddyApply: .caddy
        }
    }

    /// Whether its journal says which service it changes.
    var changesService: Bool {
        switch self {
        case .serviceInstall, .serviceUpdate, .serviceReconfigure, .serviceRemove, .serviceRestart: true
        default: false
        }
    }
}
