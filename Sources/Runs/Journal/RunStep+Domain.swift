extension RunStep {
    /// Whose recovery has to understand a step.
    enum Domain: String, Sendable {
        /// Steps in a volume.
        case volume
        /// Steps of a service's change.
        case service
        /// All others.
        case run
    }

    var domain: Domain {
        if volume != nil { return .volume }
        switch step {
        case .plan, .pull, .reserve, .place, .start, .stop, .script, .commit, .undo, .done: return .service
        default: return .run
        }
    }
}
