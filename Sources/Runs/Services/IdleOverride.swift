internal import Registry

/// A Compose file on top of a service's own, with which its containers run and do nothing.
enum IdleOverride {
    static func bytes(_ containers: [ContainerName]) -> [UInt8] {
        let services = containers.map { name in
            """
              "\(name)":
                entrypoint: ["sleep", "86400"]
                command: []
                healthcheck: {test: ["CMD", "sleep", "0"]}

            """
        }
        return Array("services:\n\(services.joined())".utf8)
    }
}
