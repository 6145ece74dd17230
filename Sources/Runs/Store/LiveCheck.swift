internal import Containers
internal import FoundationEssentials
public import Registry
internal import Web

/// Tries what a manifest promises with the service that runs in a cell (guide, section 9, "Correctness").
public struct LiveCheck: Sendable {
    private let cell: Cell

    public init(_ cell: Cell) { self.cell = cell }

    /// Everything that is not as the manifest says; the account that is made for it is removed again.
    /// - Throws: ``RunError`` `.failed` when the containers' engine does not answer, which says nothing of the package.
    public func findings(_ manifest: Manifest) async throws -> [Finding] {
        var findings: [Finding] = []
        if manifest.capabilities.hasAccounts, manifest.accounts?.manager == "http" {
            findings += try await accounts(manifest)
        }
        for (index, volume) in (manifest.backup?.volumes ?? []).enumerated() {
            let place = JSONPointer([.key("backup"), .key("volumes"), .index(index)])
            if let finding = try await self.volume(volume, place) { findings.append(finding) }
        }
        return findings
    }

    private static func requireEngine(_ error: any Error) throws {
        guard let error = error as? ContainerError, [.engineUnreachable, .dockerMissing].contains(error.code) else {
            return
        }
        throw RunError(.failed, error.message, underlying: error)
    }

    private func finding(_ rule: RuleID, _ place: JSONPointer, _ message: String) -> Finding {
        Finding(
            rule: rule, severity: .error, pointer: place, message: message,
            remedy: RuleBook.manifests[rule]?.remedy ?? "")
    }

    private func volume(_ volume: BackupVolume, _ place: JSONPointer) async throws -> Finding? {
        guard let name = Containers.ContainerName(volume.container.rawValue) else { return nil }
        let runtime = cell.runtime(run: RunID())
        do {
            try await runtime.requireRunning(name)
        } catch {
            try Self.requireEngine(error)
            return finding("live.container", place.appending("container"), "\(error)")
        }
        let path = volume.path.rawValue
        do {
            let result = try await runtime.exec(
                ContainerCommand(["test", "-d", try runtime.path(path, in: name)]), in: name)
            if let failure = result.transportFailure { throw failure }
            if result.status.isSuccess { return nil }
            return finding("live.path", place.appending("path"), "\(path) is no directory in the container \(name)")
        } catch {
            try Self.requireEngine(error)
            return finding("live.path", place.appending("path"), "nobody can tell whether \(path) is there: \(error)")
        }
    }

    private func accounts(_ manifest: Manifest) async throws -> [Finding] {
        let place = JSONPointer([.key("accounts")])
        do {
            let base = try await AccountDrivers(cell).base(of: manifest)
            let probe = AccountProbe(driver: HTTPDriver(service: manifest.id, base: base))
            return await probe.faults().map { finding("live.accounts", place, $0) }
        } catch {
            try Self.requireEngine(error)
            return [finding("live.accounts", place, "\(error)")]
        }
    }
}

/// Goes through the life of an account that nobody has.
private struct AccountProbe {
    let driver: HTTPDriver
    private let user = "picjobs-check-" + String(UInt32.random(in: 0...UInt32.max), radix: 16)

    init(driver: HTTPDriver) { self.driver = driver }

    /// A sentence for everything that is not as the guide has it; it goes on after the first.
    func faults() async -> [String] {
        var generator = SystemRandomNumberGenerator()
        let body = Account(username: user, password: Password.make(using: &generator))
        let creation = await expect("POST", "", 200, try? JSONEncoder().encode(body))
        let presence = creation == nil ? await list(holds: true) : nil
        // Also after a fault: the account may be there.
        let removal = await expect("DELETE", "/" + user, 200)
        guard creation == nil else { return [creation].compactMap(\.self) }
        let absence = await list(holds: false).map { $0 + "; remove it there" }
        return [presence, removal, absence, await expect("DELETE", "/" + user, 404)].compactMap(\.self)
    }

    private struct Account: Encodable {
        let username: String
        let password: String
    }

    private func expect(_ method: String, _ path: String, _ status: Int, _ body: Data? = nil) async -> String? {
        struct Answer: Decodable { let ok: Bool }
        let what = "\(method) \(driver.base)\(path)"
        do {
            let answer = try await driver.send(method, driver.base + path, body: body)
            guard answer.status == status else { return "\(what) answers with \(answer.status), not \(status)" }
            let said = try? JSONDecoder().decode(Answer.self, from: Data(answer.body))
            let wanted = status == 200
            return said?.ok == wanted ? nil : "\(what) answers \(status), but not with {\"ok\": \(wanted)}"
        } catch {
            return "\(error)"
        }
    }

    private func list(holds isThere: Bool) async -> String? {
        do {
            guard try await driver.list().contains(user) != isThere else { return nil }
            return "GET \(driver.base) \(isThere ? "does not list" : "still lists") \(user)"
        } catch {
            return "\(error)"
        }
    }
}
