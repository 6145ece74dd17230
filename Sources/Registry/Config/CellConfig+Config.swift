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

    /// What the admin has saved for a service's fields, as it stands in the file; nil when nothing is.
    public func writtenConfig(of id: ServiceID) -> JSONValue? {
        document["services"]?.object?[id.rawValue]?.object?["config"]
    }

    /// The document with what ``writtenConfig(of:)`` gave before a change.
    public func settingWrittenConfig(_ config: JSONValue?, of id: ServiceID) -> JSONObject {
        changing(id) { $0["config"] = config }
    }

    /// The document without anything about a service.
    public func removing(_ id: ServiceID) -> JSONObject {
        var changed = document
        if var services = document["services"]?.object {
            services[id.rawValue] = nil
            changed["services"] = .object(services)
        }
        return changed
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
