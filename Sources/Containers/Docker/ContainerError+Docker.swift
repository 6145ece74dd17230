extension ContainerError {
    /// Tells docker's own failures from those of the command it was to run.
    ///
    /// - Returns: `nil` when the command ran, whatever it then said.
    public static func from(execResult result: ExecResult, in name: ContainerName) -> ContainerError? {
        guard !result.status.isSuccess else { return nil }
        for line in result.errorText.lines {
            if let failure = from(message: line, in: name) { return failure }
        }
        switch result.status {
        case .exited(125):
            return ContainerError(.engineRefused, "docker failed for container \(name): \(result.lastMessage)")
        case .exited(126), .exited(127):
            // The reason stands in standard output, where docker puts it (seen with 20.10).
            return ContainerError(
                .commandNotStarted,
                "docker could not start the command in container \(name): it is missing in the image or not executable")
        default: return nil
        }
    }

    /// Whether a line of standard error is docker's CLI speaking of its own settings, not the command in the container
    /// of its work.
    static func isAboutCommandLine(_ line: String) -> Bool {
        ["WARNING: Error loading config file", "WARNING: Error parsing config file", "DEPRECATED: "].contains {
            line.hasPrefix($0)
        } || line.hasPrefix("time=\"") && line.contains(" level=warning msg=")
    }

    /// Understands one line of docker's standard error.
    private static func from(message: String, in name: ContainerName) -> ContainerError? {
        let daemon = "Error response from daemon: "
        if message.contains("Cannot connect to the Docker daemon") || message.hasPrefix("error during connect:") {
            return ContainerError(
                .engineUnreachable,
                "the Docker engine can't be reached for container \(name); is it running, and is DOCKER_HOST right? "
                    + message)
        }
        guard message.hasPrefix(daemon) || message.hasPrefix("Error: No such container") else { return nil }
        if message.contains("No such container") {
            return ContainerError(
                .notFound, "there is no container \(name); create it, or correct the service's manifest")
        }
        if message.hasSuffix("is not running") {
            return ContainerError(.notRunning, "container \(name) is not running; start it first: docker start \(name)")
        }
        if message.contains(" is restarting") {
            return ContainerError(
                .notRunning, "container \(name) is restarting; look at: docker logs \(name)")
        }
        if message.contains("is paused") {
            return ContainerError(.paused, "container \(name) is paused; unpause it first: docker unpause \(name)")
        }
        return ContainerError(
            .engineRefused, "the Docker engine refused for container \(name): \(message.dropFirst(daemon.count))")
    }
}
