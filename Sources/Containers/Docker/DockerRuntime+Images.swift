extension DockerRuntime {
    /// The digest (`sha256:…`) of an image that is here under this name; nil when there is none.
    /// - Throws: ``ContainerError``.
    public func image(_ name: String) async throws -> String? {
        let result = try await ask(
            ["image", "inspect", "--format", "{{.Id}}", "--", name], about: .engine, patience: patience)
        if result.status.isSuccess {
            return String(decoding: result.output, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(
                String.init)
        }
        if result.errorText.lines.contains(where: { $0.contains("No such image") }) { return nil }
        throw refused("inspect image \(name)", result)
    }

    /// Fetches an image from its registry, within ten minutes.
    /// - Throws: ``ContainerError``; an image that is here all the same is for the caller to find.
    public func pull(_ name: String) async throws {
        let result = try await ask(["pull", "--quiet", "--", name], about: .engine, patience: .seconds(600))
        guard result.status.isSuccess else { throw refused("pull \(name)", result) }
    }

    /// Gives an image that is here another name as well; the name leaves the image it had.
    /// - Throws: ``ContainerError``.
    public func tag(_ image: String, as name: String) async throws {
        let result = try await ask(["tag", "--", image, name], about: .engine, patience: patience)
        guard result.status.isSuccess else { throw refused("tag \(image) as \(name)", result) }
    }
}
