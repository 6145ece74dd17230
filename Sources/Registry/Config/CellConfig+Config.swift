extension CellConfig {
    /// The document with changed values of a service's configuration; all else stays as it is, in its order.
    public func setting(_ assignments: [ConfigAssignment], for id: ServiceID) -> JSONObject {
        changing(id) { config in
            for assignment in assignments { config[assignment.key] = assignment.value.json }
        }
    }

    /// The document without saved values of these fields, so that their defaults hold again.
    public func unsetting(_ keys: [String], for id: ServiceID) -> JSONObject {
        changing(id) { config in
            for key in keys { config[key] = nil }
        }
    }

    private func changing(_ id: ServiceID, _ change: (inout JSONObject) -> Void) -> JSONObject {
        var services = document["services"]?.object ?? JSONObject()
        var service = services[id.rawValue]?.object ?? JSONObject()
        var config = service["config"]?.object ?? JSONObject()
        change(&config)
        service["config"] = .object(config)
        services[id.rawValue] = .object(service)
        var changed = document
        changed["services"] = .object(services)
        return changed
    }
}

extension [String: ConfigValue] {
    /// Saved values with changes on top, before they are written.
    public func setting(_ assignments: [ConfigAssignment]) -> [String: ConfigValue] {
        merging(assignments.map { ($0.key, $0.value) }) { $1 }
    }
}
