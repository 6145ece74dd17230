extension CellConfig {
    /// The document with changed values of a service's configuration; all else stays as it is, in its order.
    public func setting(_ assignments: [ConfigAssignment], for id: ServiceID) -> JSONObject {
        changingConfig(of: id) { config in
            for assignment in assignments { config[assignment.key] = assignment.value.json }
        }
    }

    /// The document without saved values of these fields, so that their defaults hold again.
    public func unsetting(_ keys: [String], for id: ServiceID) -> JSONObject {
        changingConfig(of: id) { config in
            for key in keys { config[key] = nil }
        }
    }

    private func changingConfig(of id: ServiceID, _ change: (inout JSONObject) -> Void) -> JSONObject {
        changing(id) { service in
            var config = service["config"]?.object ?? JSONObject()
            change(&config)
            service["config"] = .object(config)
        }
    }
}

extension [String: ConfigValue] {
    /// Saved values with changes on top, before they are written.
    public func setting(_ assignments: [ConfigAssignment]) -> [String: ConfigValue] {
        merging(assignments.map { ($0.key, $0.value) }) { $1 }
    }
}
