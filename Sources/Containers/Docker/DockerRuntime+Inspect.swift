internal import FoundationEssentials

extension DockerRuntime {
    public func inspect(_ name: ContainerName) async throws -> ContainerInfo {
        let result = try await ask(
            ["inspect", "--type", "container", "--format", Answer.template, "--", name.text], about: name,
            patience: patience)
        guard result.status.isSuccess else {
            throw ContainerError.from(execResult: result, in: name)
                ?? ContainerError(.engineRefused, "docker could not inspect container \(name): \(result.lastMessage)")
        }
        do {
            let answer = try JSONDecoder().decode(Answer.self, from: Data(result.output))
            return ContainerInfo(
                id: answer.id, image: answer.image, imageDigest: answer.digest, isRunning: answer.running,
                isPaused: answer.paused, processID: answer.pid > 0 ? answer.pid : nil)
        } catch {
            throw ContainerError(
                .badAnswer,
                "docker's answer about container \(name) can't be understood; is '\(docker)' the Docker CLI?",
                underlying: error)
        }
    }

    /// Just the fields that are needed: the whole answer is large and differs between engines.
    private struct Answer: Decodable {
        static let template =
            #"{"id":{{json .Id}},"image":{{json .Config.Image}},"digest":{{json .Image}},"#
            + #""running":{{json .State.Running}},"paused":{{json .State.Paused}},"pid":{{json .State.Pid}}}"#
        let id: String
        let image: String
        let digest: String?
        let running: Bool
        let paused: Bool
        let pid: Int32
    }
}
