internal import FoundationEssentials
internal import Registry
internal import Web

/// The service API (guide, section 4): accounts over HTTP at the container's own address.
struct HTTPDriver: AccountDriver {
    let service: ServiceID
    /// `http://ADDRESS:PORT/service-api/accounts`.
    let base: String

    func add(_ user: String, password: String) async throws {
        struct Body: Encodable {
            let username: String
            let password: String
        }
        let answer = try await send("POST", base, body: JSONEncoder().encode(Body(username: user, password: password)))
        guard answer.status == 200, answer.isOK else {
            // 400 and 409 are the guide's "expected errors": nothing was made.
            let isCertain = (400..<500).contains(answer.status)
            throw refusal(answer, "did not make the account \(user)", isCertain ? .refused : .failed)
        }
    }

    func remove(_ user: String) async throws {
        // A user name is made of unreserved characters only.
        let answer = try await send("DELETE", base + "/" + user)
        guard answer.status == 404 || answer.status == 200 && answer.isOK else {
            throw refusal(answer, "did not remove \(user)")
        }
    }

    func list() async throws -> Set<String> {
        struct Accounts: Decodable { let accounts: [String] }
        let answer = try await send("GET", base)
        guard answer.status == 200 else { throw refusal(answer, "does not list its accounts") }
        do {
            return Set(try JSONDecoder().decode(Accounts.self, from: Data(answer.body)).accounts)
        } catch {
            throw RunError(.failed, "\(service): \(base) answers what is no list of accounts", underlying: error)
        }
    }

    /// An answer with a status of an error is none.
    func send(_ method: String, _ url: String, body: Data? = nil) async throws -> WebResponse {
        var request = WebRequest(method, url)
        request.schemes = [.http]
        request.body = body.map { Array($0) }
        request.headers = ["Content-Type: application/json", "Accept: application/json", "Expect:"]
        do {
            return try await WebClient().send(request)
        } catch {
            throw RunError(.failed, "\(service): the service API does not answer: \(error)", underlying: error)
        }
    }

    private func refusal(_ answer: WebResponse, _ what: String, _ code: RunError.Code = .failed) -> RunError {
        let silent = answer.status == 200 ? #"the answer is not {"ok": true}"# : "status \(answer.status)"
        let said = answer.jsonError ?? silent
        let line = said.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }
            .joined()
        return RunError(code, "\(service) \(what): \(line) (\(answer.status))")
    }
}
